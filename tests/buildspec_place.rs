//! Where a build's buildspec comes from (reference §1.1), and what of it a single build passes over (§1.3).

use crate::support::Run;

fn saying(what: &str) -> String {
    format!("version: 0.2\nphases: {{build: {{commands: [echo {what}]}}}}\n")
}

// Reference §1.1: relative to the source; one is used, whatever its name.
#[test]
fn a_path_names_the_one_buildspec_below_the_source() {
    for path in ["ci/build.yml", "./ci/build.yml"] {
        let run = Run::new()
            .buildspec(&saying("the-default"))
            .file("ci/build.yml", &saying("the-one-that-was-asked-for"));
        let outcome = run.arg("-b").arg(path).run().ended(0);
        outcome.says("the-one-that-was-asked-for");
        assert!(
            !outcome.stdout.contains("the-default"),
            "{}",
            outcome.stdout
        );
    }
}

// Reference §1.1: absent or empty, the default is read.
#[test]
fn an_empty_path_of_a_project_is_the_default() {
    let run = Run::new()
        .buildspec(&saying("the-default"))
        .file("project.json", "{\"source\": {\"buildspec\": \"\"}}");
    let project = run.source_path().join("project.json");
    let run = run.arg("-p").arg(project.to_str().unwrap());
    run.run().ended(0).says("the-default");
}

// Reference §1.1: one string with line breaks, as the API has it.
#[test]
fn a_projects_text_is_itself_the_buildspec() {
    let text = saying("inline").replace('\n', "\\n");
    let project = format!("{{\"source\": {{\"buildspec\": \"{text}\"}}}}");
    let run = Run::new()
        .buildspec(&saying("the-default"))
        .file("project.json", &project);
    let project = run.source_path().join("project.json");
    let run = run.arg("-p").arg(project.to_str().unwrap());
    run.run().ended(0).says("inline");
}

// Reference §1.1.
#[test]
fn another_ending_is_not_tried() {
    let run = Run::new().file("buildspec.yaml", &saying("never"));
    let outcome = run.run().ended(2);
    let expected = ("YAML_FILE_ERROR", "YAML file does not exist");
    let (code, message) = outcome.context("DOWNLOAD_SOURCE");
    assert_eq!((code.as_str(), message.as_str()), expected);
}

// Reference §1.1, §4.1.
#[test]
fn a_buildspec_from_elsewhere_lies_in_the_agents_own_directory() {
    let spec =
        "version: 0.2\nphases: {build: {commands: [cat /codebuild/readonly/buildspec.yml]}}\n";
    let run = Run::new().arg("-b").arg("-").stdin(spec);
    let outcome = run.run().ended(0);
    outcome.says(spec.trim_end());
    let place = &outcome.result["source"]["buildspec"];
    assert_eq!(place, "/codebuild/readonly/buildspec.yml");
}

// Reference §1.3: a batch counts in batch builds, a proxy where something goes through one.
#[test]
fn a_single_build_passes_over_batch_and_proxy() {
    let spec = format!(
        "{}batch:\n  build-list:\n    - identifier: one\n    - identifier: two\nproxy: {{upload-artifacts: yes, logs: yes}}\n",
        saying("built")
    );
    let run = Run::new().buildspec(&spec);
    let outcome = run.run().ended(0);
    assert_eq!(outcome.stdout.matches("\nbuilt\n").count(), 1);
    assert_eq!(outcome.builds().len(), 1);
}
