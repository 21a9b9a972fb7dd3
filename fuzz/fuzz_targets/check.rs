//! Any buildspec, and any commands: every rule ends, and its places lie on characters.
//!
//! An input that starts with `!` is a list of commands, one a NUL; so the rules over scripts are reached
//! without YAML in between.
#![no_main]

use buildspec::{BuildSpec, Env, Facts, Phase, Phases, Span, Spanned};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let facts = Facts {
        privileged: Some(false),
        local_custom_cache: true,
        ..Facts::default()
    };
    let text = match bytes {
        [b'!', shell, commands @ ..] => buildspec::print(&with_commands(*shell, commands)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let document = buildspec::read(&text).document;
    let findings = buildspec::check(&text, &document, &facts);
    assert!(findings.len() <= 1_002);
    for finding in &findings {
        assert!(text.get(finding.span.start..finding.span.end).is_some());
        assert!(buildspec::kind(finding.code).is_some(), "{}", finding.code);
    }
});

fn with_commands(shell: u8, commands: &[u8]) -> BuildSpec {
    let text = |value: &str| Spanned {
        value: value.to_owned(),
        span: Span::default(),
    };
    let commands = commands.split(|byte| *byte == 0);
    let commands: Vec<_> = commands.map(|command| text(&String::from_utf8_lossy(command))).collect();
    let phase = |name: &str, commands: &[Spanned<String>]| {
        Some(Phase {
            name: text(name),
            run_as: None,
            on_failure: None,
            runtime_versions: Vec::new(),
            commands: commands.to_vec(),
            finally: Vec::new(),
        })
    };
    let (before, after) = commands.split_at(commands.len() / 2);
    BuildSpec {
        env: Env {
            shell: (shell % 2 == 0).then(|| text("bash")),
            ..Env::default()
        },
        phases: Phases {
            build: phase("build", before),
            post_build: phase("post_build", after),
            ..Phases::default()
        },
        ..BuildSpec::default()
    }
}
