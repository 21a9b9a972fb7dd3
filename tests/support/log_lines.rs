//! CodeBuild's log lines (reference §5.1).

const PREFIX: &str = "[Container] ";
const SOURCE: &str = "/codebuild/output/src";

/// The log without what differs from run to run: `@` stands for `[Container]` and a time, `#` for the digits of the
/// source directory and for the seconds of report auto-discovery.
pub(crate) fn masked(log: &str) -> String {
    let mut masked = String::new();
    for line in log.split_inclusive('\n') {
        match agent_line(line) {
            Some((_, text)) => {
                masked.push('@');
                masked.push_str(&without_seconds(text));
            }
            None => masked.push_str(line),
        }
    }
    let mut parts = masked.split(SOURCE);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str(SOURCE);
        whole.push('#');
        whole.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    whole
}

/// The time of an agent's line.
pub(crate) fn agent_time(line: &str) -> Option<&str> {
    agent_line(line).map(|(time, _)| time)
}

/// Time and text of an agent's line; the time has the form `2026/01/02 10:20:52.671738`.
#[track_caller]
fn agent_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(PREFIX)?;
    let (time, text) = rest.split_at("2026/01/02 10:20:52.671738".len());
    let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let form: String = time.chars().map(form).collect();
    assert_eq!(form, "0000/00/00 00:00:00.000000", "{line}");
    Some((time, text))
}

/// The line that says how long report auto-discovery took; the seconds have six digits.
#[track_caller]
fn without_seconds(text: &str) -> String {
    const BEFORE: &str = " Report auto-discover file discovery took ";
    let Some(rest) = text.strip_prefix(BEFORE) else {
        return text.to_owned();
    };
    let (seconds, after) = rest.split_once(' ').unwrap();
    let (whole, part) = seconds.split_once('.').unwrap();
    let digits = format!("{whole}{part}");
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    assert!(is_number && part.len() == 6, "{text}");
    format!("{BEFORE}# {after}")
}
