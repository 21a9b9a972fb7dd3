//! Takes the text of a command apart, as far as a check needs to know it.
//!
//! This is no shell and runs nothing: it finds simple commands, their words, what joins them, what
//! they read and write, and where a quote or an `if` is left open. It takes any text, needs one pass
//! and bounded depth, and never fails: what it does not understand becomes a word.
//!
//! Why not a library: those that there are build a full syntax tree of bash, stop at the first error,
//! recurse without bound on hostile text, and cost many times what reading the YAML costs.

mod compound;
mod expansion;
mod keyword;
mod redirect;
mod scan;
mod simple;
mod word;

pub(crate) use simple::{Joint, Nesting, Redirect, Simple, Word};

use scan::Scanner;

/// A command's text, taken apart. Offsets are bytes of that text.
#[derive(Debug, Default)]
pub(crate) struct Script<'a> {
    /// The simple commands in the order in which they start, those of substitutions included.
    pub(crate) commands: Vec<Simple<'a>>,
    /// The variables that are read, wherever the shell would expand them, in the order of their places.
    pub(crate) references: Vec<Reference<'a>>,
    /// The functions that are defined.
    pub(crate) functions: Vec<Word<'a>>,
    /// What only bash and its kin understand.
    pub(crate) bashisms: Vec<(Bashism, usize)>,
    /// The first `${{`, which is another system's.
    pub(crate) foreign: Option<usize>,
    /// The first place where the text cannot be a complete script.
    pub(crate) fault: Option<Fault>,
}

impl<'a> Script<'a> {
    /// Returns the variables that one of its simple commands reads.
    pub(crate) fn references_in(&self, simple: &Simple<'_>) -> &[Reference<'a>] {
        let at = |offset| self.references.partition_point(|r| r.start < offset);
        self.references
            .get(at(simple.start)..at(simple.end))
            .unwrap_or_default()
    }
}

/// A variable that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Where its `$` stands.
    pub(crate) start: usize,
}

/// Syntax that a POSIX shell such as dash does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bashism {
    /// `[[ … ]]`
    DoubleBracket,
    /// `(( … ))`
    Arithmetic,
    /// `NAME=( … )`
    Array,
    /// `<<<`
    HereString,
    /// `&>` and `|&`
    BothStreams,
    /// `<( … )`
    ProcessSubstitution,
    /// `function name`
    FunctionKeyword,
    /// `${x//a/b}`, `${x:1:2}`, `${x^^}`, `${x[…]}`
    Expansion,
    /// `{1..3}`
    BraceRange,
    /// `$'…'`
    AnsiQuote,
}

/// Why a text is no complete script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A quote or backtick that never ends.
    OpenQuote { quote: char, start: usize },
    /// A compound such as `if` that never ends, with the word that would end it.
    OpenCompound {
        opener: &'static str,
        closer: &'static str,
        start: usize,
    },
    /// A word such as `fi` without its beginning.
    Stray { word: &'static str, start: usize },
    /// An operator such as `&&` at the very end, with nothing to join.
    Dangling {
        operator: &'static str,
        start: usize,
    },
    /// A `(` behind a word, where none can stand.
    Parenthesis { start: usize },
    /// A here-document whose end is not there.
    OpenHereDocument { start: usize },
    /// Nested too deep to be looked at.
    TooDeep,
}

/// Tells whether a text can be a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Takes a command's text apart.
pub(crate) fn scan(text: &str) -> Script<'_> {
    Scanner::new(text).run()
}

#[cfg(test)]
mod tests {
    use super::Joint::{And, Background, Edge, Or, Pipe, Sequence};
    use super::{Bashism, Fault, Nesting, Script, scan};

    fn words<'a>(script: &Script<'a>) -> Vec<Vec<&'a str>> {
        let commands = script.commands.iter();
        commands
            .map(|command| command.words.iter().map(|word| word.raw).collect())
            .collect()
    }

    fn faultless(text: &str) -> Script<'_> {
        let script = scan(text);
        assert_eq!(script.fault, None, "{text}");
        script
    }

    #[test]
    fn commands_are_taken_apart_at_operators_and_line_breaks() {
        let script = faultless("cd a && make -j2 || echo 'a;b' | tee x; ls &\nend # ; no\n");
        let expected = [
            &["cd", "a"][..],
            &["make", "-j2"],
            &["echo", "'a;b'"],
            &["tee", "x"],
            &["ls"],
            &["end"],
        ];
        assert_eq!(words(&script), expected);
        let joints: Vec<_> = script.commands.iter().map(|c| c.before).collect();
        assert_eq!(joints, [Edge, And, Or, Pipe, Sequence, Sequence]);
        assert_eq!(script.commands[4].after, Background);
    }

    #[test]
    fn commands_know_what_they_stand_in() {
        let script = faultless(
            "if a; then b; fi\n(c)\nx=$(d)\nf() { e; }\nwhile g; do h; done\ni | while read l; do j; done\n{ k; }",
        );
        let nesting: Vec<_> = script
            .commands
            .iter()
            .filter_map(|c| Some((c.program()?, c.nesting)))
            .collect();
        let expected = [
            ("a", Nesting::Condition),
            ("b", Nesting::Conditional),
            ("c", Nesting::Subshell),
            ("d", Nesting::Substitution),
            ("e", Nesting::Function),
            ("g", Nesting::Condition),
            ("h", Nesting::Conditional),
            ("i", Nesting::Top),
            ("read", Nesting::Subshell),
            ("j", Nesting::Subshell),
            ("k", Nesting::Top),
        ];
        assert_eq!(nesting, expected);
        assert_eq!(script.functions[0].raw, "f");
    }

    #[test]
    fn variables_are_found_wherever_they_are_expanded() {
        let script = faultless(
            "A=$B c \"$D ${E:-${F}} '$G'\" '$no' $((H+$I)) `echo $J`\ncat <<X\n$K \\$no\nX\ncat <<'X'\n$no\nX\n",
        );
        let names: Vec<_> = script.references.iter().map(|r| r.name).collect();
        assert_eq!(names, ["B", "D", "E", "F", "G", "I", "J", "K"]);
        assert_eq!(script.commands[0].assignments, ["A"]);
    }

    #[test]
    fn redirections_are_no_words() {
        let script = faultless("a >x 2>&1 <<< b &>> y >\"z z\"");
        let redirects: Vec<_> = script.commands[0]
            .redirects
            .iter()
            .map(|r| (r.stream, r.operator, r.target.raw))
            .collect();
        let expected = [
            ("", ">", "x"),
            ("2", ">&", "1"),
            ("", "<<<", "b"),
            ("", "&>>", "y"),
            ("", ">", "\"z z\""),
        ];
        assert_eq!(redirects, expected);
        assert_eq!(words(&script), [["a"]]);
    }

    #[test]
    fn what_only_bash_has_is_noted() {
        for (text, bashism) in [
            ("[[ a < b && c ]]", Bashism::DoubleBracket),
            ("((i++))", Bashism::Arithmetic),
            ("x=(a b)", Bashism::Array),
            ("cat <<< x", Bashism::HereString),
            ("a &> b", Bashism::BothStreams),
            ("a |& b", Bashism::BothStreams),
            ("diff <(a) <(b)", Bashism::ProcessSubstitution),
            ("function f { a; }", Bashism::FunctionKeyword),
            ("for i in {1..3}; do echo $i; done", Bashism::BraceRange),
            ("echo ${x//a/b}", Bashism::Expansion),
            ("echo ${x:1:2}", Bashism::Expansion),
            ("echo ${x[0]}", Bashism::Expansion),
            ("echo $'a\\'b'", Bashism::AnsiQuote),
        ] {
            let found = faultless(text).bashisms.first().map(|(b, _)| *b);
            assert_eq!(found, Some(bashism), "{text}");
        }
        let posix = "case $x in a|b) c;; (d) e;; esac; echo ${x:-a/b} ${y%%/*} ${#z} {a} ../{b}/.. ${AWS::Region} $((1+(2*3)))";
        assert_eq!(faultless(posix).bashisms, []);
    }

    #[test]
    fn complete_scripts_have_no_fault() {
        for text in [
            "for i in a b c; do echo $i; done",
            "for i\ndo echo $i\ndone",
            "if a; then b; elif c; then d; else e; fi",
            "case \"$x\" in\n  a) if b; then c; fi ;;\n  *)\n    d\n    ;;\nesac",
            "echo if then fi done",
            "find . -exec rm {} \\;",
            "f() (a)\ng () {\n b\n}",
            "awk '{ print $1 }' x | while read -r a; do echo $a; done > y",
            "a=\"$(echo \"b `c` )\")\"",
            "echo \"${x:-don't}\"",
            "! a && time b",
            "cat <<EOF\nif '\nEOF\nb",
            "a \\\n  && b",
            "until docker info; do sleep 1; done &",
            "[ -n \"$X\" ] && { a; b; } || true",
            "echo \"${X:-\"latest\"}\" \"${m[\"k\"]}\"",
            "a `# note` b",
            "for f do echo $f; done",
            "for ((i=0;i<3;i++)) { echo $i; }",
            "echo \"${A%%'\"'*}\" ${A:-'}'}",
            "a &&\n  b ||\n c\n",
        ] {
            faultless(text);
        }
    }

    #[test]
    fn what_is_left_open_is_a_fault() {
        let compound = |opener, closer, start| Fault::OpenCompound {
            opener,
            closer,
            start,
        };
        for (text, fault) in [
            ("if a; then", compound("if", "fi", 0)),
            ("x; for i in a; do", compound("for", "done", 3)),
            ("a && (b", compound("(", ")", 5)),
            (
                "fi",
                Fault::Stray {
                    word: "fi",
                    start: 0,
                },
            ),
            (
                "echo \"a",
                Fault::OpenQuote {
                    quote: '"',
                    start: 5,
                },
            ),
            (
                "echo don't",
                Fault::OpenQuote {
                    quote: '\'',
                    start: 8,
                },
            ),
            ("f() {", compound("{", "}", 4)),
            (
                "a &&",
                Fault::Dangling {
                    operator: "&&",
                    start: 2,
                },
            ),
            ("echo a (b)", Fault::Parenthesis { start: 7 }),
            ("cat <<E\na", Fault::OpenHereDocument { start: 6 }),
        ] {
            assert_eq!(scan(text).fault, Some(fault), "{text}");
        }
    }

    #[test]
    fn groups_hand_on_what_stands_behind_them() {
        let script = faultless("a || { b; }; { c; d; } | e; { f; } > x; (g) 2>&1 | h; { i; } &\nj");
        let told: Vec<_> = script
            .commands
            .iter()
            .filter_map(|c| Some((c.program()?, c.nesting, c.output_goes_elsewhere())))
            .collect();
        let expected = [
            ("a", Nesting::Top, false),
            ("b", Nesting::Conditional, false),
            ("c", Nesting::Subshell, true),
            ("d", Nesting::Subshell, true),
            ("e", Nesting::Top, false),
            ("f", Nesting::Top, true),
            ("g", Nesting::Subshell, true),
            ("h", Nesting::Top, false),
            ("i", Nesting::Subshell, false),
            ("j", Nesting::Top, false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn hostile_text_ends() {
        for piece in [
            "$(", "(", "`", "${", "\"$(", "$((", "<(", "x=(", "{ ", "if ", "\\",
        ] {
            scan(&piece.repeat(200_000));
            scan(&format!(
                "{}{}",
                piece.repeat(1_000_000),
                "a ".repeat(500_000)
            ));
        }
    }
}
