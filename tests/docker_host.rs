//! `--docker host`: a build uses the engine that runs it, and gets no power over this machine.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Live, Outcome, Repository, Run, Told, dev, docker};

/// A build of these commands on an image with the Docker CLI; `$B` is an image to run.
fn spec(commands: &[&str]) -> Run {
    let spec = json!({ "version": 0.2, "phases": { "build": { "commands": commands } } });
    Run::new()
        .buildspec(&spec.to_string())
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .arg("--docker")
        .arg("host")
        .arg("-e")
        .arg(format!("B={}", dev("UNDERSTUDY_DEV_BUSYBOX")))
}

/// A name that no other process uses at the engine.
fn unique(subject: &str) -> String {
    format!("understudy-test-{subject}-{}", std::process::id())
}

/// Checks that a build's commands were refused, each with this power, and would not be with it.
#[track_caller]
fn refused(commands: &[&str], power: &str) {
    for command in commands {
        let told = Told::of(spec(&[command]).arg("-o").arg("json").run()).ended(1);
        let refusals: Vec<_> = told
            .events
            .iter()
            .filter(|event| event["type"] == "dockerRefused")
            .collect();
        assert_eq!(refusals.len(), 1, "{command}: {refusals:?}");
        assert_eq!(refusals[0]["allow"], power, "{command}");
        let says = format!("allow it with `--docker-allow {power}`");
        assert!(
            told.output().contains(&says),
            "{command}: {}",
            told.output()
        );
        let allowed = spec(&[command]).arg("--docker-allow").arg(power);
        allowed.run().ended(0);
    }
}

/// Something of another person at the engine; gone with the test.
struct Foreign(String);

impl Foreign {
    fn container(subject: &str) -> Self {
        let name = unique(subject);
        docker(&[
            "run",
            "-d",
            "--name",
            &name,
            &dev("UNDERSTUDY_DEV_BUSYBOX"),
            "sleep",
            "1000",
        ]);
        Self(name)
    }

    fn is_there(&self) -> bool {
        !docker(&["ps", "-q", "--filter", &format!("name={}", self.0)]).is_empty()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _gone = Command::new("docker").args(["rm", "-f", &self.0]).output();
    }
}

#[track_caller]
fn said(outcome: &Outcome, lines: &[&str]) {
    for line in lines {
        let line = format!("\n{line}\n");
        assert!(
            outcome.stdout.contains(&line),
            "no {line:?}:\n{}",
            outcome.stdout
        );
    }
}

#[test]
fn an_image_is_built_run_and_pushed_from_within_a_build() {
    let repository = Repository::on_loopback("lent");
    let registry = repository.uri().split('/').next().unwrap();
    let (user, password) = (
        dev("UNDERSTUDY_DEV_REGISTRY_USER"),
        dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD"),
    );
    let uri = repository.uri();
    let run = spec(&[
        &format!("echo {password} | docker login --username {user} --password-stdin {registry}"),
        "printf 'FROM %s\\nCOPY made /made\\nRUN cat /made\\n' $B > Dockerfile; echo content > made",
        &format!("docker build -t {uri}:v1 ."),
        &format!("docker run --rm {uri}:v1 cat /made"),
        &format!("docker tag {uri}:v1 {uri}:v2"),
        &format!("docker push {uri}:v2"),
        &format!("docker rmi {uri}:v1 {uri}:v2"),
    ]);
    let outcome = run.run().ended(0);
    said(&outcome, &["content"]);
    assert!(repository.digest("v2").is_some(), "it is in the registry");
}

#[test]
fn the_source_can_be_mounted_and_written_to() {
    let run = spec(&[
        "docker run --rm -v $PWD:/app -w /app $B sh -c 'cat deep/file; echo root > made'; cat made",
        "docker run --rm -v $PWD/deep:/app $B sh -c 'echo deep > /app/made'; cat deep/made",
        "docker run --rm --mount type=bind,source=$PWD/deep,target=/app $B sh -c 'cat /app/file; echo object > /app/object'; cat deep/object",
        "docker run --rm -v $PWD/one:/one:ro $B cat /one",
        "docker run --rm -v $PWD/new/folder:/app $B sh -c 'echo new > /app/made'; cat new/folder/made",
        "! docker run --rm -v $PWD:/app:ro $B touch /app/never",
        "cd deep && docker run --rm -v $(pwd)/..:/app $B cat /app/one",
        // Clients in containers hand the socket on, and stay within the build.
        &format!(
            "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock {} docker ps -a --format 'sees {{{{.Image}}}}'",
            dev("UNDERSTUDY_DEV_IMAGE")
        ),
    ]);
    let run = run
        .file("deep/file", "of the source\n")
        .file("one", "of one\n");
    let outcome = run.run().ended(0);
    said(
        &outcome,
        &["of the source", "root", "deep", "object", "of one", "new"],
    );
    let seen = format!("\nsees {}\n", dev("UNDERSTUDY_DEV_IMAGE"));
    assert!(outcome.stdout.contains(&seen), "{}", outcome.stdout);
    assert!(
        !run.source_path().join("made").exists(),
        "the user's tree is not written to"
    );
}

#[test]
fn no_path_leads_out_of_the_source() {
    let run = spec(&[
        "ln -s /etc out; ln -s .. up; mkdir real; ln -s out/passwd file",
        "for path in /etc / /codebuild /codebuild/readonly $PWD/out $PWD/out/ssl $PWD/up/up $PWD/file $PWD/../../.. /proc/self/cwd; do docker run --rm -v $path:/x $B true && exit 1; docker run --rm --mount type=bind,source=$path,target=/x $B true && exit 1; done; true",
        // A path that is exchanged once it was looked at leads where it led then.
        "echo mine > real/hostname; docker create --name $NAME -v $PWD/real:/x $B cat /x/hostname; mv real other; ln -s /etc real; docker start -a $NAME",
        "docker volume create --driver local --opt type=none --opt o=bind --opt device=/etc v && exit 1; true",
    ]);
    let run = run.arg("-e").arg(format!("NAME={}", unique("swapped")));
    let outcome = run.run().ended(0);
    said(&outcome, &["mine"]);
    let refusal = "Understudy does not lend this to a build: `/etc` as a mount; only what lies in the build's source directory can be mounted; allow it with `--docker-allow host-paths`";
    assert!(outcome.stdout.contains(refusal), "{}", outcome.stdout);
    assert!(
        outcome
            .stdout
            .contains("it leads out of the build's source directory"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("\ndocker: refused POST "),
        "{}",
        outcome.stdout
    );
}

#[test]
fn power_over_the_machine_is_refused_and_can_be_given() {
    refused(
        &["docker run --rm -v /etc:/x $B test -f /x/passwd"],
        "host-paths",
    );
    refused(
        &[
            "docker run --rm --network host $B true",
            "docker run --rm --pid host $B true",
        ],
        "host-namespaces",
    );
    refused(
        &[
            "docker run --rm --cap-add SYS_TIME $B true",
            "docker run --rm --security-opt seccomp=unconfined $B true",
        ],
        "privileged",
    );
    refused(&["docker system df"], "engine");
    // Not every machine lets its engine make a privileged container.
    let told = Told::of(
        spec(&["docker run --rm --privileged $B true"])
            .arg("-o")
            .arg("json")
            .run(),
    )
    .ended(1);
    assert!(
        told.output().contains("`--docker-allow privileged`"),
        "{}",
        told.output()
    );
}

#[test]
fn what_others_have_is_not_there() {
    let foreign = Foreign::container("foreign");
    let run = spec(&[
        "docker ps -a --format 'sees {{.Names}}'",
        "docker run -d --name $MINE $B sleep 1000; docker ps --filter name=$MINE --format 'sees {{.Names}}'",
        "docker rm -f $FOREIGN; for call in 'rm' 'kill' 'inspect' 'logs' 'top' 'stop -t 0' 'pause' 'export -o x'; do docker $call $FOREIGN && exit 1; done; true",
        "docker exec $FOREIGN true; test $? = 1",
        "docker cp $FOREIGN:/etc/passwd . ; test $? = 1",
        "docker run --rm --network container:$FOREIGN $B true; test $? = 125",
        "docker run --rm --volumes-from $FOREIGN $B true; test $? = 125",
        "docker network connect bridge $FOREIGN; test $? = 1",
        "docker rmi -f $B; test $? = 1",
        "docker container prune -f; docker volume prune -f; docker network prune -f",
    ]);
    let mine = unique("mine");
    let run = run
        .arg("-e")
        .arg(format!("FOREIGN={}", foreign.0))
        .arg("-e")
        .arg(format!("MINE={mine}"));
    let outcome = run.run().ended(0);
    assert!(
        outcome.stdout.contains(&format!("\nsees {mine}\n")),
        "{}",
        outcome.stdout
    );
    assert!(
        !outcome.stdout.contains(&format!("sees {}", foreign.0)),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .contains(&format!("No such container: {}", foreign.0)),
        "{}",
        outcome.stdout
    );
    assert!(foreign.is_there());
}

#[test]
fn streams_flow_both_ways() {
    let name = unique("streams");
    let run = spec(&[
        "docker run -d --name $NAME $B sh -c 'i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done'",
        // `wc` ends when its input does.
        "head -c 3000000 /dev/zero | docker exec -i $NAME wc -c",
        "head -c 3000000 /dev/zero | docker run -i --rm $B wc -c",
        // The next line finds nobody who reads.
        "docker logs -f $NAME | grep -m 1 'line 9'",
        "docker events --since 0 --until $(date +%s) --filter type=container --format 'event {{.Action}} {{.Actor.Attributes.name}}'",
        "docker cp $NAME:/bin/busybox ./copied && test -s copied && docker cp copied $NAME:/copied && docker exec $NAME test -s /copied",
        "docker save $B | docker load",
        "head -c 50000000 /dev/urandom > large; printf 'FROM scratch\\nCOPY large /\\n' | docker build -q -t $NAME -f - . && docker rmi $NAME",
        "docker kill $NAME; docker wait $NAME",
    ]);
    let outcome = run.arg("-e").arg(format!("NAME={name}")).run().ended(0);
    said(&outcome, &["3000000", "line 9", "137"]);
    assert!(
        outcome.stdout.contains(&format!("event create {name}")),
        "{}",
        outcome.stdout
    );
}

#[test]
fn networks_and_volumes_of_a_build_go_with_it() {
    let (net, volume) = (unique("net"), unique("volume"));
    let run = spec(&[
        "docker network create $NET; docker volume create $VOLUME",
        "docker run -d --name $NET --network $NET -v $VOLUME:/v -v /anonymous $B sh -c 'echo kept > /v/file; sleep 1000'",
        "docker run --rm --network $NET $B ping -c 1 $NET",
        "docker run --rm -v $VOLUME:/v $B cat /v/file",
        "docker run --rm -v another:/v $B true",
        "docker network inspect bridge --format '{{.Name}} has {{len .Containers}}'",
        "docker inspect $NET --format 'volumes:{{range .Mounts}} {{.Name}}{{end}}'",
    ]);
    let run = run
        .arg("-e")
        .arg(format!("NET={net}"))
        .arg("-e")
        .arg(format!("VOLUME={volume}"));
    let outcome = run.run().ended(0);
    said(&outcome, &["kept", "bridge has 0"]);
    assert_eq!(
        docker(&["network", "ls", "-q", "--filter", &format!("name={net}")]),
        ""
    );
    // The named one and the anonymous one.
    let mut lines = outcome.stdout.lines();
    let volumes = lines
        .find_map(|line| line.strip_prefix("volumes:"))
        .unwrap();
    assert_eq!(volumes.split_whitespace().count(), 2, "{volumes}");
    for volume in volumes.split_whitespace() {
        let filter = format!("name={volume}");
        assert_eq!(docker(&["volume", "ls", "-q", "--filter", &filter]), "");
    }
}

#[test]
fn everything_goes_when_a_build_is_stopped() {
    let run = spec(&[
        "docker run -d --restart always -v $PWD/sub:/x --name $NAME $B sleep 1000; docker network create $NAME; docker volume create $NAME; echo ready; sleep 1000",
    ]);
    let name = unique("stopped");
    let run = run
        .arg("-e")
        .arg(format!("NAME={name}"))
        .arg("-o")
        .arg("json");
    let mut live = Live::start(&run);
    live.until_output("ready");
    live.signal(Signal::SIGINT);
    // It checks that nothing with the build's label is left.
    live.wait().ended(130);
    assert_eq!(
        docker(&["ps", "-aq", "--filter", &format!("name={name}")]),
        ""
    );
}

#[test]
fn the_socket_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let run = spec(&["echo ready; sleep 1000"]).arg("-o").arg("json");
    let mut live = Live::start(&run);
    live.until_output("ready");
    let directory = live.directory("");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("docker.sock")) & 0o007, 0);
    live.signal(Signal::SIGINT);
    live.wait().ended(130);
}

// The everyday clean-up of a CI machine, harmless in CodeBuild, where a build has an engine of its own.
#[test]
fn a_build_does_not_see_or_remove_its_own_container() {
    let told = spec(&[
        "docker run -d $B sleep 100",
        "docker rm -f $(docker ps -aq)",
        "docker ps -aq; docker inspect $(hostname) 2>&1 || echo still here",
    ]);
    let told = Told::of(told.arg("-o").arg("json").run()).ended(0);
    assert!(told.last().ends_with("still here\n"), "{}", told.last());
}

#[test]
fn without_an_engine_a_build_is_told_how_it_gets_one() {
    let spec = "{version: 0.2, phases: {build: {commands: ['docker ps']}}}";
    let run = Run::new()
        .buildspec(spec)
        .image(&dev("UNDERSTUDY_DEV_IMAGE"));
    run.run().ended(1).says(
        "  help: a build has a Docker Engine only where you give it one: `--docker nested` or `--docker host`",
    );
}
