//! The calls that are lent, one a line. What is not here is refused.

use super::body::{self, Rule};

/// What is done with a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// It goes on as it is.
    Pass,
    /// It lists or sweeps: only what carries the build's label.
    Own,
    /// It changes what belongs to the build, by a body that is judged.
    Judge(Rule),
    /// It removes a container, and its anonymous volumes, which carry no label.
    RemoveContainer,
    /// It removes an image or a name of one.
    RemoveImage,
    /// It gives an image a name.
    NameImage,
    /// It builds an image.
    Build,
    /// It shows a network, which may be everybody's.
    ShowNetwork,
    /// The connection becomes a stream in both directions.
    Upgrade,
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: &'static str,
    /// `{container}`, `{exec}`, `{network}` and `{volume}` are what belongs to a build; `{image}` may have slashes.
    path: &'static str,
    /// The query keys that it may have.
    pub(super) query: &'static str,
    pub(super) act: Act,
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Container,
    Exec,
    Network,
    Volume,
    Image,
}

/// A call's place in the table.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) route: &'static Route,
    /// What the path names: from which part of it, to which.
    pub(super) named: Option<(Named, std::ops::Range<usize>)>,
}

const fn route(method: &'static str, path: &'static str, query: &'static str, act: Act) -> Route {
    Route {
        method,
        path,
        query,
        act,
    }
}

const BUILD: &str = "dockerfile t extrahosts remote q nocache cachefrom pull rm forcerm memory memswap cpushares \
    cpusetcpus cpusetmems cpuperiod cpuquota buildargs shmsize squash labels networkmode platform target outputs \
    version session buildid ulimits securityopt cgroupparent isolation";
const ATTACH: &str = "detachKeys logs stream stdin stdout stderr";
const LOGS: &str = "stdout stderr follow since until timestamps tail details";
const PULL: &str = "fromImage fromSrc repo tag message platform changes";
const COMMIT: &str = "container repo tag comment author pause changes";
const ARCHIVE: &str = "path noOverwriteDirNonDir copyUIDGID";

static ROUTES: &[Route] = &[
    route("GET", "_ping", "", Act::Pass),
    route("HEAD", "_ping", "", Act::Pass),
    route("GET", "version", "", Act::Pass),
    route("GET", "info", "", Act::Pass),
    route("POST", "auth", "", Act::Pass),
    route("GET", "events", "since until filters", Act::Own),
    route("GET", "containers/json", "all limit size filters", Act::Own),
    route(
        "POST",
        "containers/create",
        "name platform",
        Act::Judge(body::create),
    ),
    route("POST", "containers/prune", "filters", Act::Own),
    route("GET", "containers/{container}/json", "size", Act::Pass),
    route("GET", "containers/{container}/top", "ps_args", Act::Pass),
    route("GET", "containers/{container}/logs", LOGS, Act::Pass),
    route("GET", "containers/{container}/changes", "", Act::Pass),
    route("GET", "containers/{container}/export", "", Act::Pass),
    route(
        "GET",
        "containers/{container}/stats",
        "stream one-shot",
        Act::Pass,
    ),
    route("GET", "containers/{container}/archive", ARCHIVE, Act::Pass),
    route("HEAD", "containers/{container}/archive", ARCHIVE, Act::Pass),
    route("PUT", "containers/{container}/archive", ARCHIVE, Act::Pass),
    // Old clients send a configuration along, which old versions of the API would take.
    route(
        "POST",
        "containers/{container}/start",
        "detachKeys",
        Act::Judge(body::nothing),
    ),
    route("POST", "containers/{container}/stop", "t signal", Act::Pass),
    route(
        "POST",
        "containers/{container}/restart",
        "t signal",
        Act::Pass,
    ),
    route("POST", "containers/{container}/kill", "signal", Act::Pass),
    route("POST", "containers/{container}/pause", "", Act::Pass),
    route("POST", "containers/{container}/unpause", "", Act::Pass),
    route(
        "POST",
        "containers/{container}/wait",
        "condition",
        Act::Pass,
    ),
    route("POST", "containers/{container}/rename", "name", Act::Pass),
    route("POST", "containers/{container}/resize", "h w", Act::Pass),
    route(
        "POST",
        "containers/{container}/attach",
        ATTACH,
        Act::Upgrade,
    ),
    route(
        "DELETE",
        "containers/{container}",
        "v force link",
        Act::RemoveContainer,
    ),
    route(
        "POST",
        "containers/{container}/exec",
        "",
        Act::Judge(body::exec),
    ),
    route("POST", "exec/{exec}/start", "", Act::Upgrade),
    route("POST", "exec/{exec}/resize", "h w", Act::Pass),
    route("GET", "exec/{exec}/json", "", Act::Pass),
    route("GET", "networks", "filters", Act::Own),
    route("POST", "networks/create", "", Act::Judge(body::network)),
    route("POST", "networks/prune", "filters", Act::Own),
    route(
        "GET",
        "networks/{network}",
        "verbose scope",
        Act::ShowNetwork,
    ),
    route("DELETE", "networks/{network}", "", Act::Pass),
    route(
        "POST",
        "networks/{network}/connect",
        "",
        Act::Judge(body::connect),
    ),
    route(
        "POST",
        "networks/{network}/disconnect",
        "",
        Act::Judge(body::connect),
    ),
    route("GET", "volumes", "filters", Act::Own),
    route("POST", "volumes/create", "", Act::Judge(body::volume)),
    route("POST", "volumes/prune", "filters", Act::Own),
    route("GET", "volumes/{volume}", "", Act::Pass),
    route("DELETE", "volumes/{volume}", "force", Act::Pass),
    route("POST", "build", BUILD, Act::Build),
    route("POST", "build/cancel", "id", Act::Pass),
    route("POST", "session", "", Act::Upgrade),
    route("POST", "grpc", "", Act::Upgrade),
    route("POST", "commit", COMMIT, Act::NameImage),
    route(
        "GET",
        "images/json",
        "all filters digests shared-size manifests",
        Act::Pass,
    ),
    route("GET", "images/search", "term limit filters", Act::Pass),
    route("POST", "images/create", PULL, Act::NameImage),
    route("POST", "images/load", "quiet platform", Act::Pass),
    route("POST", "images/prune", "filters", Act::Own),
    route("GET", "images/get", "names platform", Act::Pass),
    route(
        "GET",
        "images/{image}/json",
        "platform manifests",
        Act::Pass,
    ),
    route("GET", "images/{image}/history", "platform", Act::Pass),
    route("GET", "images/{image}/get", "platform", Act::Pass),
    route("POST", "images/{image}/push", "tag platform", Act::Pass),
    route("POST", "images/{image}/tag", "repo tag", Act::NameImage),
    route(
        "DELETE",
        "images/{image}",
        "force noprune platforms",
        Act::RemoveImage,
    ),
    route("GET", "distribution/{image}/json", "", Act::Pass),
];

/// Finds a call in the table; a word that stands in a path wins over a name that could be anything.
pub(super) fn find(method: &str, parts: &[String]) -> Option<Found> {
    let mut found = ROUTES
        .iter()
        .filter(|route| route.method == method)
        .filter_map(|route| matched(route, parts));
    found.next()
}

fn matched(route: &'static Route, parts: &[String]) -> Option<Found> {
    let pattern: Vec<&str> = route.path.split('/').collect();
    let Some(hole) = pattern.iter().position(|part| part.starts_with('{')) else {
        return (pattern == parts).then_some(Found { route, named: None });
    };
    let named = match pattern.get(hole).copied()? {
        "{container}" => Named::Container,
        "{exec}" => Named::Exec,
        "{network}" => Named::Network,
        "{volume}" => Named::Volume,
        _ => Named::Image,
    };
    let after = pattern.len() - hole - 1;
    let end = parts.len().checked_sub(after).filter(|end| *end > hole)?;
    let fits = pattern.get(..hole)? == parts.get(..hole)?
        && pattern.get(hole + 1..)? == parts.get(end..)?
        && (named == Named::Image || end == hole + 1);
    fits.then_some(Found {
        route,
        named: Some((named, hole..end)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(method: &str, path: &str) -> Option<&'static str> {
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        find(method, &parts).map(|found| found.route.path)
    }

    #[test]
    fn a_call_is_found_by_method_and_path() {
        for (method, asked, route) in [
            ("GET", "containers/json", "containers/json"),
            ("GET", "containers/c/json", "containers/{container}/json"),
            ("POST", "containers/prune", "containers/prune"),
            ("GET", "images/a.b:1/c/d/json", "images/{image}/json"),
            ("GET", "images/json/json", "images/{image}/json"),
            ("DELETE", "images/a/json", "images/{image}"),
            ("GET", "images/json", "images/json"),
            ("POST", "build", "build"),
        ] {
            assert_eq!(path(method, asked), Some(route), "{method} {asked}");
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_not_found() {
        for (method, asked) in [
            ("POST", "containers/c/update"),
            ("GET", "containers/c/attach/ws"),
            ("POST", "containers/c/checkpoints"),
            ("GET", "containers/a/b/json"),
            ("POST", "build/prune"),
            ("GET", "system/df"),
            ("POST", "swarm/init"),
            ("GET", "secrets"),
            ("GET", "configs"),
            ("GET", "nodes"),
            ("POST", "services/create"),
            ("POST", "plugins/pull"),
            ("GET", "tasks"),
            ("DELETE", "containers/json/x"),
            ("get", "containers/json"),
            ("PATCH", "containers/json"),
            ("GET", "Containers/json"),
            ("GET", ""),
        ] {
            assert_eq!(path(method, asked), None, "{method} {asked}");
        }
    }
}
