//! Commands that ask somebody, where nobody answers: standard input is no terminal (reference §2.2.2).

use super::subject::Subject;
use crate::finding::{Finding, Findings};
use crate::shell::{Joint, Simple};

/// A program that waits for an answer or gives up.
pub(super) fn unanswered(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let is_answered = simple.before == Joint::Pipe
            || simple
                .redirects
                .iter()
                .any(|redirect| redirect.operator.starts_with('<'));
        if is_answered {
            continue;
        }
        let words = bare(simple);
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        let Some(answer) = answer(program, arguments) else {
            continue;
        };
        findings.push(
            Finding::warning(
                "script.asks",
                subject.simple(step, simple),
                format!("`{program}` asks before it goes on, and nobody answers in a build"),
            )
            .with_help(format!("Add `{answer}`")),
        );
    }
}

/// Returns the words of a command without `sudo` and its like, as far as they are known.
fn bare<'a>(simple: &Simple<'a>) -> Vec<&'a str> {
    let words = simple.words.iter().map(|word| word.raw);
    words
        .skip_while(|word| {
            matches!(*word, "sudo" | "-E" | "-H" | "env" | "time") || word.contains('=')
        })
        .collect()
}

/// Returns what answers a program's question beforehand, if nothing on its line does.
fn answer(program: &str, arguments: &[&str]) -> Option<&'static str> {
    // An option may hide in a variable.
    if arguments.iter().any(|word| word.contains('$')) {
        return None;
    }
    let short = |letter: char| {
        arguments.iter().any(|word| {
            word.strip_prefix('-')
                .is_some_and(|flags| !flags.starts_with('-') && flags.contains(letter))
        })
    };
    let long = |options: &[&str]| {
        arguments
            .iter()
            .any(|word| options.iter().any(|option| word.starts_with(option)))
    };
    let verb = arguments.iter().find(|word| !word.starts_with('-'))?;
    match (program, *verb) {
        ("yum" | "dnf", "install" | "update" | "upgrade" | "remove" | "groupinstall") => {
            let is_answered = short('y') || long(&["--assumeyes", "--assumeno", "--downloadonly"]);
            (!is_answered).then_some("-y")
        }
        ("apt-get" | "apt", "install" | "upgrade" | "dist-upgrade" | "full-upgrade" | "remove") => {
            let is_answered = short('y')
                || long(&[
                    "--yes",
                    "--assume-yes",
                    "-qq",
                    "--download-only",
                    "--simulate",
                ])
                || arguments
                    .iter()
                    .filter(|word| word.starts_with("-q"))
                    .count()
                    > 1;
            (!is_answered).then_some("-y")
        }
        ("terraform", "apply" | "destroy") => {
            let has_plan = arguments
                .iter()
                .skip_while(|word| *word != verb)
                .skip(1)
                .any(|word| !word.starts_with('-'));
            let is_answered = long(&["-auto-approve", "--auto-approve", "-help"]);
            (!is_answered && !has_plan).then_some("-auto-approve")
        }
        ("cdk", "destroy") => (!long(&["--force", "-f"])).then_some("--force"),
        ("pip" | "pip3", "uninstall") => (!short('y') && !long(&["--yes"])).then_some("-y"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn what_is_answered_on_the_line_is_not_asked() {
        let asked = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            answer(words[0], &words[1..])
        };
        for line in [
            "yum install -y git",
            "yum -y install git",
            "yum -yq install git",
            "apt-get install -qqy git",
            "apt-get update",
            "apt-get -qq install git",
            "terraform apply tfplan",
            "terraform apply -auto-approve",
            "dnf install $OPTIONS git",
            "pip uninstall -y x",
        ] {
            assert_eq!(asked(line), None, "{line}");
        }
        assert_eq!(asked("yum install git"), Some("-y"));
        assert_eq!(asked("apt-get install -q git"), Some("-y"));
        assert_eq!(asked("terraform apply -input=false"), Some("-auto-approve"));
    }
}
