//! `batch`, key by key (reference §1.10): a single build does not honour it, but nothing of it may be lost.

use buildspec::{Batch, BatchBuilds, BatchFanout};

use crate::{document, values};

fn batch(text: &str) -> Batch {
    document(&format!("version: 0.2\nbatch:\n{text}"))
        .batch
        .expect("a batch")
}

#[test]
fn a_batch_ends_with_its_first_failure_only_where_it_says_so() {
    let list = "  build-list:\n    - identifier: a\n";
    assert!(!batch(list).fast_fail);
    assert!(batch(&format!("  fast-fail: true\n{list}")).fast_fail);
}

#[test]
fn a_build_has_its_own_buildspec_environment_and_flags() {
    let text = "  build-graph:
    - identifier: first
    - identifier: second
      buildspec: ci/second.yml
      depend-on: [first]
      debug-session: true
      ignore-failure: true
      env:
        image: node:20
        type: ARM_CONTAINER
        compute-type: BUILD_GENERAL1_LARGE
        privileged-mode: true
        variables: {STAGE: 'beta', RETRIES: 010}
    - identifier: third
      env: {fleet: our-fleet}
";
    let Some(BatchBuilds::Graph(all)) = batch(text).builds else {
        panic!("a graph")
    };
    let [first, second, third] = all.as_slice() else {
        panic!("three builds")
    };
    let text =
        |text: &Option<buildspec::Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    assert_eq!(text(&first.buildspec), None);
    assert!(!first.debug_session && !first.ignore_failure);
    assert_eq!(first.env, buildspec::BatchEnv::default());

    assert_eq!(text(&second.identifier).as_deref(), Some("second"));
    assert_eq!(text(&second.buildspec).as_deref(), Some("ci/second.yml"));
    assert_eq!(values(&second.depend_on), ["first"]);
    assert!(second.debug_session && second.ignore_failure);
    let env = &second.env;
    assert_eq!(text(&env.image).as_deref(), Some("node:20"));
    assert_eq!(
        text(&env.environment_type).as_deref(),
        Some("ARM_CONTAINER")
    );
    assert_eq!(
        text(&env.compute_type).as_deref(),
        Some("BUILD_GENERAL1_LARGE")
    );
    assert_eq!(
        env.privileged_mode.as_ref().map(|flag| flag.value),
        Some(true)
    );
    let variables = env.variables.iter();
    let variables: Vec<_> = variables
        .map(|one| (one.name.value.as_str(), one.value.value.as_str()))
        .collect();
    assert_eq!(variables, [("STAGE", "beta"), ("RETRIES", "010")]);
    assert_eq!(text(&third.env.fleet).as_deref(), Some("our-fleet"));
}

#[test]
fn a_matrix_has_what_all_share_and_an_axis_for_each_list() {
    let text = "  build-matrix:
    static:
      ignore-failure: true
      env: {privileged-mode: true, type: LINUX_CONTAINER}
    dynamic:
      buildspec: [unit.yml, e2e.yml]
      env:
        compute-type: [BUILD_GENERAL1_SMALL, BUILD_GENERAL1_LARGE]
        image: ['node:20', 'node:22']
        variables: {NODE: ['18', '20'], STAGE: [beta]}
";
    let Some(BatchBuilds::Matrix(matrix)) = batch(text).builds else {
        panic!("a matrix")
    };
    assert!(matrix.ignore_failure);
    assert_eq!(
        matrix.env.privileged_mode.map(|flag| flag.value),
        Some(true)
    );
    let environment_type = matrix.env.environment_type.map(|kind| kind.value);
    assert_eq!(environment_type.as_deref(), Some("LINUX_CONTAINER"));
    assert_eq!(values(&matrix.buildspecs), ["unit.yml", "e2e.yml"]);
    let types = ["BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_LARGE"];
    assert_eq!(values(&matrix.compute_types), types);
    assert_eq!(values(&matrix.images), ["node:20", "node:22"]);
    let axes = matrix.variables.iter();
    let axes: Vec<_> = axes
        .map(|(name, axis)| (name.value.as_str(), values(axis)))
        .collect();
    assert_eq!(axes, [("NODE", vec!["18", "20"]), ("STAGE", vec!["beta"])]);
}

#[test]
fn a_fan_out_has_its_number_of_shares_and_its_flag() {
    let text = "  build-fanout: {parallelism: 4, ignore-failure: true}\n";
    let Some(BatchBuilds::Fanout(BatchFanout {
        parallelism,
        ignore_failure,
    })) = batch(text).builds
    else {
        panic!("a fan-out")
    };
    assert_eq!(parallelism.map(|number| number.value), Some(4));
    assert!(ignore_failure);
}
