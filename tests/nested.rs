//! A Docker Engine of the build's own: up before the first command, gone after the last one, and its layers kept.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::cache_s3::Place;
use crate::support::{ImageName, Live, Run, Told, dev, docker, poll, refused};

/// A project of a test's own; the volumes of its layers are gone with it.
struct Project(String);

impl Project {
    fn new(subject: &str) -> Self {
        Self(format!("nested-{subject}-{}", std::process::id()))
    }

    fn run(&self, environment: &Value, commands: &[&str]) -> Run {
        let spec = json!({ "version": 0.2, "phases": { "build": { "commands": commands } } });
        let run = Run::new().buildspec(&spec.to_string());
        let file = run.root.path().join("project.json");
        let project = json!({ "name": self.0, "environment": environment });
        fs::write(&file, project.to_string()).unwrap();
        let image = dev("UNDERSTUDY_DEV_DOCKER_IMAGE");
        run.image(&image).arg("-p").arg(file.to_str().unwrap())
    }

    /// Builds with `--docker nested`.
    fn nested(&self, commands: &[&str]) -> Run {
        self.run(&json!({}), commands).arg("--docker").arg("nested")
    }

    fn volumes(&self) -> Vec<String> {
        let filter = format!("label=understudy.project={}", self.0);
        let names = docker(&["volume", "ls", "--quiet", "--filter", &filter]);
        names.lines().map(str::to_owned).collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for volume in self.volumes() {
                docker(&["volume", "rm", &volume]);
            }
        }
    }
}

/// A registry without a login, where containers reach it.
struct Registry {
    address: String,
    server: Child,
    _store: tempfile::TempDir,
}

impl Registry {
    fn start() -> Self {
        let url = dev("UNDERSTUDY_DEV_AWS_FROM_BUILD");
        let host = url.trim_start_matches("http://").split(':').next().unwrap();
        let free = TcpListener::bind((host, 0)).unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let store = tempfile::tempdir().unwrap();
        let config = store.path().join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{address}'}}\n",
            store.path().join("store").display()
        );
        fs::write(&config, text).unwrap();
        let server = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is there; run `make up`");
        let registry = Self {
            address,
            server,
            _store: store,
        };
        poll("the registry answers", || registry.ask("").is_some());
        registry
    }

    fn ask(&self, path: &str) -> Option<String> {
        let url = format!("http://{}/v2/{path}", self.address);
        let output = Command::new("curl")
            .args(["--silent", "--fail", "--noproxy", "*", &url])
            .output();
        let output = output.unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _reaped = self.server.wait();
    }
}

const CONTEXT: &str = "mkdir -p context && cp /usr/local/bin/busybox context/ && printf 'FROM scratch\\nCOPY busybox /bin/busybox\\nRUN [\"/bin/busybox\", \"mkdir\", \"/made\"]\\nENTRYPOINT [\"/bin/busybox\"]\\n' > context/Dockerfile";

// Reference §4.2, §11.4: the curated images' entry point brings the engine up, and plain `docker` commands work.
#[test]
fn an_image_is_built_run_and_pushed_within_a_build_and_its_layers_are_kept() {
    let registry = Registry::start();
    let daemon = json!({ "insecure-registries": [registry.address] }).to_string();
    let image = ImageName::over(
        &dev("UNDERSTUDY_DEV_DOCKER_IMAGE"),
        "docker",
        &[("etc/docker/daemon.json", &daemon)],
    );
    let project = Project::new("whole");
    let name = format!("{}/inner:1", registry.address);
    let build = format!("docker build -t {name} context");
    let run = project
        .nested(&[
            CONTEXT,
            &build,
            &format!("docker run --rm {name} echo it runs"),
            &format!("docker push {name}"),
            &format!("docker run --detach --name left --volume kept:/kept {name} sleep 1000"),
            "docker network create left",
        ])
        .image(&image.repository)
        .arg("-o")
        .arg("json");
    let told = Told::of(run.run()).ended(0);
    assert_eq!(told.outputs()[2], "it runs\n");
    assert!(
        !told.outputs()[1].contains("Using cache"),
        "{}",
        told.outputs()[1]
    );
    let tags = registry.ask("inner/tags/list").expect("it was pushed");
    assert!(tags.contains("\"1\""), "{tags}");
    let mut events = told.events.iter();
    let pushed = events.find(|event| event["type"] == "imagePushed");
    let pushed = pushed.expect("the build's own engine told what was pushed");
    assert_eq!(pushed["repository"], format!("{}/inner", registry.address));
    assert_eq!(
        (&pushed["tags"], &pushed["origin"]),
        (&json!(["1"]), &json!("command"))
    );
    let digest = pushed["digest"].as_str().unwrap();
    assert!(
        registry.ask(&format!("inner/manifests/{digest}")).is_some(),
        "{digest}"
    );
    assert_eq!(project.volumes().len(), 1, "the layers have one volume");

    // The next build of the project.
    let spec = json!({ "version": 0.2, "phases": { "build": { "commands": [
        CONTEXT, build, "docker ps --all --quiet; docker volume ls --quiet; docker network ls --quiet --filter name=left",
    ]}}});
    let run = run.buildspec(&spec.to_string());
    let told = Told::of(run.run()).ended(0);
    let outputs = told.outputs();
    assert_eq!(
        outputs[1].matches("Using cache").count(),
        3,
        "{}",
        outputs[1]
    );
    assert_eq!(outputs[2], "", "what an earlier build left running is gone");
}

#[test]
fn two_builds_of_a_project_at_once_do_not_share_a_store() {
    let project = Project::new("twice");
    let first = project
        .nested(&[
            "docker info >/dev/null",
            "until [ -e go ]; do sleep 0.1; done",
        ])
        .arg("-o")
        .arg("json");
    let mut live = Live::start(&first);
    live.until(|event| event["type"] == "commandStarted" && event["number"] == 2);
    let second = project.nested(&["docker images --quiet"]).run().ended(0);
    let said = "warning: the Docker layers of this project are in use by `understudy-";
    assert!(second.stdout.contains(said), "{}", second.stdout);
    live.touch("go");
    live.wait().ended(0);
    assert_eq!(project.volumes().len(), 1, "the second one's own is gone");
    let third = project.nested(&["docker images --quiet"]).run().ended(0);
    assert!(!third.stdout.contains("in use by"), "{}", third.stdout);
}

#[test]
fn a_privileged_project_has_an_engine_unless_it_is_told_otherwise() {
    let project = Project::new("privileged");
    let privileged = json!({ "privilegedMode": true });
    let commands = ["docker info --format '{{.Driver}}'"];
    let told = Told::of(
        project
            .run(&privileged, &commands)
            .arg("-o")
            .arg("json")
            .run(),
    )
    .ended(0);
    assert_eq!(told.outputs(), ["overlay2\n"]);
    let run = project
        .run(&privileged, &commands)
        .arg("--docker")
        .arg("none");
    let outcome = run.run().ended(1);
    assert!(
        outcome
            .stderr
            .contains("`--docker none` leaves it without privileges and Docker"),
        "{}",
        outcome.stderr
    );
    // Reference §11.4.
    assert!(
        outcome.stdout.contains("Is the docker daemon running?"),
        "{}",
        outcome.stdout
    );
}

/// The stand-in image without the mark of a curated one, so that its entry point is not asked.
fn custom(subject: &str, recipe: &str) -> ImageName {
    let image = ImageName::unique(subject);
    let context = tempfile::tempdir().unwrap();
    let recipe = format!(
        "FROM {}\nRUN rm /codebuild/image/config/runtimes.yml\n{recipe}",
        dev("UNDERSTUDY_DEV_DOCKER_IMAGE")
    );
    fs::write(context.path().join("Dockerfile"), recipe).unwrap();
    let folder = context.path().to_str().unwrap();
    docker(&["build", "--quiet", "--tag", &image.repository, folder]);
    image
}

#[test]
fn another_image_with_a_daemon_has_it_started() {
    let project = Project::new("custom");
    let image = custom("custom", "ENTRYPOINT [\"false\"]\n");
    let run = project
        .nested(&["docker info --format '{{.Driver}}'"])
        .image(&image.repository);
    let told = Told::of(run.arg("-o").arg("json").run()).ended(0);
    assert_eq!(told.outputs(), ["overlay2\n"]);
}

#[test]
fn a_daemon_that_does_not_come_up_ends_the_build_in_codebuilds_words() {
    let project = Project::new("broken");
    let image = custom(
        "broken",
        "RUN mkdir /etc/docker && echo nonsense > /etc/docker/daemon.json\n",
    );
    let outcome = project
        .nested(&["echo never"])
        .image(&image.repository)
        .run()
        .ended(2);
    // Reference §4.2.
    let (code, message) = outcome.context("DOWNLOAD_SOURCE");
    assert_eq!(code, "CLIENT_ERROR");
    assert!(
        message.starts_with("Timed out trying to connect to internal docker host."),
        "{message}"
    );
    assert!(
        message.contains("daemon.json"),
        "the daemon's own words are there: {message}"
    );
}

#[test]
fn an_image_without_a_daemon_is_privileged_and_says_that_it_has_none() {
    let project = Project::new("without");
    let run = project
        .nested(&["grep CapEff /proc/self/status"])
        .image(&dev("UNDERSTUDY_DEV_BUSYBOX"));
    let outcome = run.run().ended(0);
    assert!(
        outcome
            .stdout
            .contains("has no `dockerd`: the build is privileged"),
        "{}",
        outcome.stdout
    );
    // Bit 21 is CAP_SYS_ADMIN, which no ordinary container has.
    let (_, hex) = outcome.stdout.split_once("CapEff:\t").unwrap();
    let effective = u64::from_str_radix(hex.get(..16).unwrap(), 16).unwrap();
    assert_ne!(effective & (1 << 21), 0, "{effective:x}");
}

#[test]
fn a_build_with_an_engine_that_is_stopped_leaves_nothing() {
    let project = Project::new("stopped");
    let run = project
        .nested(&["docker info >/dev/null && sleep 1000"])
        .arg("-o")
        .arg("json");
    let mut live = Live::start(&run);
    live.until(|event| event["type"] == "commandStarted");
    live.signal(nix::sys::signal::Signal::SIGINT);
    live.wait().ended(130);
    let again = project
        .nested(&["docker info --format '{{.Driver}}'"])
        .run()
        .ended(0);
    assert!(again.stdout.contains("\noverlay2\n"), "{}", again.stdout);
}

/// Two stages, each with a step that an engine can run.
const TWO_STAGES: &str = "mkdir -p context && cp /usr/local/bin/busybox context/ && printf 'FROM scratch AS first\\nCOPY busybox /bin/busybox\\nRUN [\"/bin/busybox\", \"mkdir\", \"/made\"]\\nFROM scratch\\nCOPY busybox /bin/busybox\\nCOPY --from=first /made /made\\nRUN [\"/bin/busybox\", \"touch\", \"/made/it\"]\\n' > context/Dockerfile";

#[test]
fn layers_in_the_cache_are_used_again_by_an_engine_that_has_none() {
    let project = Project::new("layers");
    let place = Place::new("layers");
    let run = project.nested(&[TWO_STAGES, "docker build -t twice:1 context"]);
    let run = place.caching(run, &dev("UNDERSTUDY_DEV_S3"));
    let run = run.arg("--docker-cache").arg("-o").arg("json");
    let moved = |told: &Told| {
        let layers = told.of_type("dockerLayers");
        let moved = layers.map(|event| event["moved"].as_str().unwrap().to_owned());
        moved.collect::<Vec<_>>()
    };
    let again = |run: &Run| {
        // An engine that is empty, as on a machine that is new.
        for volume in project.volumes() {
            docker(&["volume", "rm", &volume]);
        }
        let told = Told::of(run.run()).ended(0);
        let built = &told.outputs()[1];
        assert_eq!(built.matches("Using cache").count(), 5, "{built}");
        moved(&told)
    };
    let told = Told::of(run.run()).ended(0);
    let built = &told.outputs()[1];
    assert_eq!(built.matches("Using cache").count(), 1, "{built}");
    assert_eq!(moved(&told), ["saved"]);
    assert_eq!(again(&run), ["restored", "unchanged"]);

    // Another machine, where nothing was ever kept. It may not save.
    let home = run.root.path().join("another");
    let run = run.home_at(&home).arg("--cache-mode").arg("read");
    assert_eq!(again(&run), ["restored"]);
}

#[test]
fn layers_are_only_kept_of_an_engine_that_the_build_has() {
    let run = Run::new().buildspec("version: 0.2\nphases: {build: {commands: [echo]}}\n");
    refused(
        &run.arg("--docker-cache"),
        2,
        "has none",
        "`--docker nested`",
    );
}
