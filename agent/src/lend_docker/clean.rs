//! Removes what a build made at the engine.

use serde_json::Value;

use super::upstream::{Failure, Upstream};

/// What is made while others are removed is seen in another round.
const ROUNDS: usize = 3;

/// Removes containers, networks and volumes that carry the label; returns why some could not be removed.
pub(super) async fn clean(engine: &Upstream, label: &(String, String)) -> Result<(), String> {
    let mut failed = None;
    for round in 0..=ROUNDS {
        let containers = list(engine, label, "/containers/json?all=1&", "", "Id").await?;
        let networks = list(engine, label, "/networks?", "", "Id").await?;
        let volumes = list(engine, label, "/volumes?", "Volumes", "Name").await?;
        if [&containers, &networks, &volumes]
            .iter()
            .all(|found| found.is_empty())
        {
            return Ok(());
        }
        if round == ROUNDS {
            break;
        }
        failed = None;
        let removals = containers.iter().map(|id| remove_container(engine, id));
        for removed in futures_util::future::join_all(removals).await {
            failed = removed.err().or(failed);
        }
        let networks = networks.iter().map(|id| format!("/networks/{id}"));
        let volumes = volumes
            .iter()
            .map(|name| format!("/volumes/{name}?force=1"));
        for target in networks.chain(volumes) {
            failed = remove(engine, target).await.err().or(failed);
        }
    }
    Err(failed.unwrap_or_else(|| "the build goes on making more".to_owned()))
}

async fn list(
    engine: &Upstream,
    (name, value): &(String, String),
    target: &str,
    field: &str,
    id: &str,
) -> Result<Vec<String>, String> {
    let filters = format!("%7B%22label%22%3A%5B%22{name}%3D{value}%22%5D%7D");
    let target = format!("{target}filters={filters}");
    let (status, found) = engine
        .ask("GET", &target, None)
        .await
        .map_err(|error| error.to_string())?;
    if status != 200 {
        return Err(format!("the engine answered {status} to `GET {target}`"));
    }
    let found = if field.is_empty() {
        &found
    } else {
        &found[field]
    };
    let ids = found.as_array().into_iter().flatten();
    Ok(ids
        .filter_map(|object| object[id].as_str().map(str::to_owned))
        .collect())
}

/// One that somebody else removes already, as `--rm` does, is waited for: until then its volumes are in use.
async fn remove_container(engine: &Upstream, id: &str) -> Result<(), String> {
    let target = format!("/containers/{id}?force=1&v=1");
    let answer = engine.ask("DELETE", &target, None).await;
    if let Ok((409, _)) = answer {
        let target = format!("/containers/{id}/wait?condition=removed");
        let waited = engine.ask("POST", &target, None).await;
        return waited.map(drop).map_err(|error| error.to_string());
    }
    judge(answer, &target)
}

async fn remove(engine: &Upstream, target: String) -> Result<(), String> {
    let answer = engine.ask("DELETE", &target, None).await;
    judge(answer, &target)
}

fn judge(answer: Result<(u16, Value), Failure>, target: &str) -> Result<(), String> {
    match answer {
        // Gone is gone.
        Ok((200..300 | 404, _)) => Ok(()),
        Ok((status, answer)) => {
            let reason = answer.get("message").and_then(Value::as_str);
            Err(reason.map_or_else(|| format!("{status} to `DELETE {target}`"), str::to_owned))
        }
        Err(error) => Err(error.to_string()),
    }
}
