//! What a build may use of the machine, and what is said when that is not enough.

use serde_json::{Value, json};

use crate::support::{Outcome, Run, Told};

/// Prints the memory limit in bytes and the share of processors as quota and period, in either hierarchy of groups.
const LIMITS: &str = "cd /sys/fs/cgroup; cat memory.max 2>/dev/null || cat memory/memory.limit_in_bytes; cat cpu.max 2>/dev/null || echo $(cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us)";

fn running(commands: &[&str]) -> Run {
    let spec = json!({ "version": 0.2, "phases": { "build": { "commands": commands } } });
    Run::new().buildspec(&spec.to_string())
}

/// The build of a project whose environment is this.
fn of_project(run: Run, environment: &Value) -> Run {
    let file = run.root.path().join("project.json");
    let project = json!({ "name": "compute", "environment": environment });
    std::fs::write(&file, project.to_string()).unwrap();
    run.arg("-p").arg(file.to_str().unwrap())
}

#[track_caller]
fn limits(run: Run) -> (Told, String) {
    let told = Told::of(run.arg("-o").arg("json").run()).ended(0);
    let seen = told.last();
    (told, seen)
}

#[test]
fn the_build_gets_what_it_was_given() {
    let run = running(&[LIMITS])
        .arg("--memory")
        .arg("256MiB")
        .arg("--cpus")
        .arg("0.5");
    let (told, seen) = limits(run);
    assert_eq!(seen, "268435456\n50000 100000\n");
    assert_eq!(told.of_type("warning").count(), 0);
}

// Reference §11.1: SMALL has 2 vCPU and 4 GiB.
#[test]
fn a_projects_compute_type_is_its_limit_and_flags_win() {
    let small = json!({ "computeType": "BUILD_GENERAL1_SMALL", "type": "LINUX_CONTAINER" });
    let (_, seen) = limits(of_project(running(&[LIMITS]), &small));
    assert_eq!(seen, "4294967296\n200000 100000\n");
    let run = of_project(running(&[LIMITS]), &small)
        .arg("--memory")
        .arg("1g");
    let (_, seen) = limits(run);
    assert_eq!(seen, "1073741824\n200000 100000\n");
}

#[test]
fn without_a_compute_type_there_is_no_limit() {
    let (_, seen) = limits(of_project(running(&[LIMITS]), &json!({})));
    let [memory, cpus] = seen.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(
        memory == "max" || memory.parse::<u64>().unwrap() > 1 << 60,
        "{memory}"
    );
    assert!(cpus.starts_with("max") || cpus.starts_with("-1"), "{cpus}");
}

#[test]
fn what_the_machine_does_not_have_is_not_given_and_said() {
    let huge = json!({ "computeType": "BUILD_GENERAL1_2XLARGE", "type": "LINUX_CONTAINER" });
    let (told, _) = limits(of_project(running(&[LIMITS]), &huge));
    let warnings: Vec<_> = told.of_type("warning").collect();
    let [warning] = warnings.as_slice() else {
        panic!("one warning, not {warnings:?}")
    };
    let message = warning["message"].as_str().unwrap();
    assert!(message.contains("of 72 CPUs and "), "{message}");
    assert!(message.contains("of 144 GiB memory"), "{message}");
}

#[test]
fn amounts_that_cannot_be_are_refused() {
    for (flag, value) in [("--memory", "lots"), ("--memory", "1MiB"), ("--cpus", "0")] {
        let outcome = running(&["true"]).arg(flag).arg(value).run().ended(2);
        assert!(
            outcome.stderr.contains("\n  help: give "),
            "{}",
            outcome.stderr
        );
    }
}

/// The help of a phase's first context, as people see it.
#[track_caller]
fn help(outcome: &Outcome) -> &str {
    let (_, after) = outcome.stdout.split_once("error: BUILD: ").unwrap();
    let (error, _) = after.split_once("\n\nFAILED").unwrap();
    let help = error.rsplit_once("  help: ");
    help.map_or("", |(_, help)| help)
}

#[test]
fn a_command_that_was_killed_for_want_of_memory_says_so() {
    let greedy = "dd if=/dev/zero of=/dev/null bs=200M count=1";
    let outcome = running(&[greedy, "echo never"])
        .arg("--memory")
        .arg("64MiB")
        .run()
        .ended(1);
    // The message is CodeBuild's (reference §2.5); the explanation is ours.
    let message = format!("Error while executing command: {greedy}. Reason: exit status 137");
    assert_eq!(
        outcome.context("BUILD"),
        ("COMMAND_EXECUTION_ERROR".to_owned(), message)
    );
    assert!(
        help(&outcome).contains("memory of 64 MiB that this build may use was used up"),
        "{}",
        outcome.stdout
    );
    assert!(help(&outcome).contains("`--memory"), "{}", outcome.stdout);
}

#[test]
fn a_tool_that_hides_its_helpers_end_is_explained_too() {
    let hiding = "dd if=/dev/zero of=/dev/null bs=200M count=1 || exit 3";
    let outcome = running(&[hiding])
        .arg("--memory")
        .arg("64MiB")
        .run()
        .ended(1);
    assert!(outcome.context("BUILD").1.ends_with("exit status 3"));
    assert!(help(&outcome).contains("was used up"), "{}", outcome.stdout);
}

#[test]
fn a_command_that_was_killed_by_somebody_is_not_said_to_lack_memory() {
    let outcome = running(&["sh -c 'kill -9 $$'"])
        .arg("--memory")
        .arg("64MiB")
        .run()
        .ended(1);
    assert!(outcome.context("BUILD").1.ends_with("exit status 137"));
    assert!(!help(&outcome).contains("memory"), "{}", outcome.stdout);
}

// Reference §2.9.
#[test]
fn a_container_that_died_of_it_has_codebuilds_message() {
    let spec = [
        "echo 1000 > /proc/1/oom_score_adj",
        "dd if=/dev/zero of=/dev/null bs=200M count=1",
    ];
    let outcome = running(&spec).arg("--memory").arg("64MiB").run().ended(1);
    let message = "Build container found dead before completing the build. Build container died because it was out of memory, or the Docker image is not supported. ErrorCode: 500";
    assert_eq!(
        outcome.context("BUILD"),
        ("CLIENT_ERROR".to_owned(), message.to_owned())
    );
    assert!(help(&outcome).contains("`--memory"), "{}", outcome.stdout);
}
