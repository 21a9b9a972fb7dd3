//! What CodeBuild itself answers, for the context of the failed phase.

use buildspec::read;

use crate::with_commands;

fn answer(text: &str) -> String {
    let findings = read(text).findings;
    let status = findings.into_iter().find_map(|finding| finding.status);
    let status = status.expect("CodeBuild's answer is known");
    assert_eq!(status.status_code, "YAML_FILE_ERROR");
    status.message
}

// Reference §1.2 and §2.9: this very file, blank line included, got this very answer.
#[test]
fn a_command_that_is_a_mapping_is_named_by_index_and_line() {
    let text = "version: 0.2\n\nphases:\n  build:\n    commands:\n     - echo \"Hello: world\"\n";
    assert_eq!(
        answer(text),
        "Expected Commands[0] to be of string type: found subkeys instead at line 6, \
         value of the key tag on line 5 might be empty"
    );
}

// Reference §1.2.
#[test]
fn an_unknown_phase_is_named_with_the_known_ones() {
    assert_eq!(
        answer("version: 0.2\nphases:\n  POSTBUILD: {}\n"),
        "Invalid buildspec phase name: POSTBUILD. Expecting: build,install,post_build,pre_build"
    );
}

// Reference §1.2: lines of YAML errors count from 0.
#[test]
fn yaml_errors_use_the_words_of_codebuilds_parser() {
    let one_line = "version: 0.2 phases: build";
    assert_eq!(
        answer(one_line),
        "mapping values are not allowed in this context at line 0"
    );
    let tab = "version: 0.2\n\nphases:\n\tbuild:\n";
    assert_eq!(
        answer(tab),
        "found character that cannot start any token at line 3"
    );
    let bracket = with_commands("\n      - [ -n x ] && y\n");
    assert_eq!(
        answer(&bracket),
        "did not find expected '-' indicator at line 4"
    );
}

// Public build logs of files without a version, or with another one.
#[test]
fn a_missing_version_gets_the_answer_of_public_logs() {
    let expected = "wrong number of container tags, expected 1";
    assert_eq!(answer("phases: {}\n"), expected);
    assert_eq!(answer("version: 0.3\nphases: {}\n"), expected);
}
