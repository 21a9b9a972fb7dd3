//! What a document holds after reading.

use buildspec::{CacheAction, OnFailure, Variable, Version, read};

use crate::{build_commands, codes, document, values, with_commands};

fn pairs(variables: &[Variable]) -> Vec<(&str, &str)> {
    variables
        .iter()
        .map(|v| (v.name.value.as_str(), v.value.value.as_str()))
        .collect()
}

const EVERYTHING: &str = include_str!("../../../fixtures/buildspecs/valid/everything.yml");

// Reference §1.4.
#[test]
fn env_is_read_with_values_as_they_are_written() {
    let env = document(EVERYTHING).env;
    assert_eq!(env.shell.map(|shell| shell.value).as_deref(), Some("bash"));
    let variables = [
        ("STAGE", "test"),
        ("RETRIES", "010"),
        ("VERBOSE", "yes"),
        ("EMPTY", ""),
    ];
    assert_eq!(pairs(&env.variables), variables);
    assert_eq!(pairs(&env.parameter_store), [("TOKEN", "/CodeBuild/token")]);
    assert_eq!(
        pairs(&env.secrets_manager).first().map(|(name, _)| *name),
        Some("LOGIN")
    );
    assert_eq!(values(&env.exported_variables), ["STAGE"]);
    assert_eq!(env.git_credential_helper.map(|flag| flag.value), Some(true));
}

// Reference §1.5.
#[test]
fn proxy_is_read() {
    let proxy = document(EVERYTHING).proxy;
    let flags = [proxy.upload_artifacts, proxy.logs];
    assert_eq!(
        flags.map(|flag| flag.map(|flag| flag.value)),
        [Some(false), Some(true)]
    );
}

// Reference §1.6.
#[test]
fn phases_are_read_with_everything_in_them() {
    let document = document(EVERYTHING);
    assert_eq!(
        document.run_as.map(|user| user.value).as_deref(),
        Some("codebuild-user")
    );
    let install = document.phases.install.expect("install");
    assert_eq!(
        install.run_as.map(|user| user.value).as_deref(),
        Some("root")
    );
    assert_eq!(
        install.on_failure.map(|value| value.value),
        Some(OnFailure::Abort)
    );
    assert_eq!(
        pairs(&install.runtime_versions),
        [("nodejs", "20.x"), ("python", "3.10")]
    );
    assert_eq!(values(&install.commands), ["npm ci"]);
    assert_eq!(values(&install.finally), ["echo installed"]);
    let pre_build = document.phases.pre_build.expect("pre_build");
    let retry = OnFailure::Retry {
        times: 2,
        pattern: Some(".*timed out.*".to_owned()),
    };
    assert_eq!(pre_build.on_failure.map(|value| value.value), Some(retry));
    assert_eq!(values(&pre_build.commands), ["npm run lint"]);
}

// Reference §1.7 and §8.2: the format's case does not count, JUNITXML is the default.
#[test]
fn reports_are_read_in_the_order_of_the_file() {
    let reports = document(EVERYTHING).reports;
    let [unit, coverage] = reports.as_slice() else {
        panic!("two report groups")
    };
    assert_eq!(
        (unit.name.value.as_str(), unit.file_format.value.as_str()),
        ("unit", "JUNITXML")
    );
    assert_eq!(values(&unit.files), ["**/*.xml"]);
    assert_eq!(coverage.file_format.value, "CLOVERXML");
    assert_eq!(values(&coverage.files), ["coverage/clover.xml"]);

    let text = with_commands(" make\nreports:\n  unit:\n    files: '**/*'\n");
    let reports = document(&text).reports;
    assert_eq!(
        reports
            .first()
            .map(|group| group.file_format.value.as_str()),
        Some("JUNITXML")
    );
}

// Reference §1.8.
#[test]
fn artifacts_are_read_with_their_secondary_ones() {
    let artifacts = document(EVERYTHING).artifacts.expect("artifacts");
    assert_eq!(values(&artifacts.files), ["**/*"]);
    assert_eq!(values(&artifacts.exclude_paths), ["**/.*"]);
    assert_eq!(
        artifacts.name.map(|name| name.value).as_deref(),
        Some("app-$(date +%Y-%m-%d)")
    );
    assert_eq!(
        artifacts.base_directory.map(|path| path.value).as_deref(),
        Some("dist")
    );
    assert_eq!(
        artifacts.s3_prefix.map(|prefix| prefix.value).as_deref(),
        Some("releases")
    );
    assert_eq!(
        (artifacts.discard_paths, artifacts.enable_symlinks),
        (false, true)
    );
    let [(id, docs)] = artifacts.secondary.as_slice() else {
        panic!("one secondary artifact")
    };
    assert_eq!((id.value.as_str(), docs.discard_paths), ("docs", true));
}

// Reference §1.9.
#[test]
fn cache_is_read() {
    let cache = document(EVERYTHING).cache.expect("cache");
    assert_eq!(values(&cache.paths), ["node_modules/**/*"]);
    assert_eq!(
        cache.key.map(|key| key.value).as_deref(),
        Some("npm-$(codebuild-hash-files package-lock.json)")
    );
    assert_eq!(values(&cache.fallback_keys), ["npm-"]);
    assert_eq!(
        cache.action.map(|action| action.value),
        Some(CacheAction::Restore)
    );
}

// Reference §1.11.
#[test]
fn version_0_1_has_its_own_section_for_variables() {
    let document = document(include_str!(
        "../../../fixtures/buildspecs/valid/version-0.1.yml"
    ));
    assert_eq!(document.version, Version::V0_1);
    assert_eq!(pairs(&document.env.variables), [("GREETING", "hi")]);
    assert_eq!(build_commands(&document), ["cd sub && make"]);
}

// Reference §1.2: JSON is YAML, and CDK writes lone patterns.
#[test]
fn json_is_read_like_yaml() {
    let document = document(include_str!(
        "../../../fixtures/buildspecs/valid/inline.json"
    ));
    assert_eq!(build_commands(&document), ["npm ci", "npm run build"]);
    assert_eq!(
        values(&document.artifacts.expect("artifacts").files),
        ["**/*"]
    );
}

// Reference §1.10: a batch file needs no phases; §1.3 otherwise.
#[test]
fn phases_may_be_absent_in_a_batch_file_alone() {
    let batch = "batch:\n  build-list:\n    - identifier: a\n";
    assert_eq!(
        codes(&read(&format!("version: 0.2\n{batch}")).findings),
        [""; 0]
    );
    let reading = read(batch);
    assert_eq!(codes(&reading.findings), ["version.missing"]);
    assert!(!reading.has_errors());
    assert_eq!(codes(&read("version: 0.2\n").findings), ["phases.missing"]);
}

// Reference §1.2: a lone command counts as a list of one; §1.6: order and emptiness do not matter.
#[test]
fn phases_may_come_in_any_order_and_be_empty() {
    let text =
        "version: '0.2'\nphases:\n  post_build: {}\n  build:\n    commands: make\n  install:\n";
    let phases = document(text).phases;
    assert!(
        phases
            .install
            .is_some_and(|phase| phase.commands.is_empty())
    );
    assert!(
        phases
            .post_build
            .is_some_and(|phase| phase.commands.is_empty())
    );
    assert!(phases.pre_build.is_none());
    assert_eq!(values(&phases.build.expect("build").commands), ["make"]);
}

// Reference §1.2: scalars count as their source text.
#[test]
fn commands_and_runtimes_keep_their_source_text() {
    let commands = document(&with_commands(
        "\n      - true\n      - 010\n      - 1.50\n",
    ));
    assert_eq!(build_commands(&commands), ["true", "010", "1.50"]);

    let text = "version: 0.2\nphases:\n  install:\n    runtime-versions:\n      python: 3.10\n";
    let reading = read(text);
    assert_eq!(codes(&reading.findings), ["runtime.number"]);
    let install = reading.document.phases.install.expect("install");
    assert_eq!(pairs(&install.runtime_versions), [("python", "3.10")]);
}

// Reference §1.2.
#[test]
fn flags_know_every_spelling_of_yes_and_no() {
    for (written, meant) in [("yes", true), ("'True'", true), ("on", true), ("no", false)] {
        let text = with_commands(&format!(
            " make\nartifacts:\n  files: x\n  discard-paths: {written}\n"
        ));
        let artifacts = document(&text).artifacts.expect("artifacts");
        assert_eq!(artifacts.discard_paths, meant, "{written}");
    }
}

#[test]
fn what_cannot_be_used_is_left_out_and_the_rest_is_read() {
    let text =
        "version: 0.2\nenv: [x]\nphases:\n  build:\n    commands:\n      - a: b\n      - make\n";
    let reading = read(text);
    assert_eq!(
        codes(&reading.findings),
        ["env.wrong-kind", "phase.command-not-text"]
    );
    assert_eq!(build_commands(&reading.document), ["make"]);
}
