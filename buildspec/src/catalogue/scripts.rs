//! What is wrong in commands, and in what belongs to them.

use super::{Kind, kind_of};

pub(super) const KINDS: &[Kind] = &[
    kind_of(
        "directory.drift",
        "A `cd` leads files away from where patterns look",
        "The directory that a command ends in is where the next one begins, also across phases. Artifact, report and \
         cache patterns start at the source root all the same. CodeBuild passes over a pattern without a match in \
         silence, so the missing file is noticed only by whoever needs it.",
    ),
    kind_of(
        "directory.entered-again",
        "A `cd` into a directory that the build is in already",
        "Phases do not start at the source root: they go on where the last command ended. A second `cd app` looks for \
         `app/app` and fails. Write `cd \"$CODEBUILD_SRC_DIR/app\"`, which is right from everywhere.",
    ),
    kind_of(
        "docker.latest-alone",
        "An image is pushed as `latest` and nothing else",
        "A tag that moves does not say what runs, and there is nothing to go back to. A second tag, such as the \
         commit, costs no second upload.",
    ),
    kind_of(
        "docker.not-privileged",
        "Docker without `privilegedMode`",
        "The curated images start a Docker daemon only in privileged mode. Without it every command that needs the \
         daemon fails with `Cannot connect to the Docker daemon`.",
    ),
    kind_of(
        "docker.password",
        "A password on a command line",
        "Arguments can be read by every process of the machine and stand in its history. `--password-stdin` takes the \
         password from a pipe.",
    ),
    kind_of(
        "docker.removed-login",
        "`aws ecr get-login` no longer exists",
        "The command was removed in version 2 of the AWS CLI, which CodeBuild's images have. `aws ecr \
         get-login-password` is its successor.",
    ),
    kind_of(
        "docker.terminal",
        "`docker run -it` without a terminal",
        "Standard input of a build is no terminal. Docker refuses to attach one and the command fails with `the input \
         device is not a TTY`.",
    ),
    kind_of(
        "exit.drops-state",
        "`exit 0` drops variables that a later command reads",
        "CodeBuild saves directory and variables after a command's last line. `exit` ends the script before that, so \
         the command succeeds and what it set is lost.",
    ),
    kind_of(
        "exit.early",
        "`exit 0` does not end the phase",
        "Every command has a shell of its own, and `exit` ends that shell. With status 0 the phase goes on with the \
         next command.",
    ),
    kind_of(
        "failure.export",
        "`export` hides a failure",
        "The status of `export NAME=$(…)` is that of `export`, which succeeds. A plain assignment has the status of \
         its substitution, and CodeBuild exports plain assignments as well.",
    ),
    kind_of(
        "failure.pipe",
        "A pipe hides a failure",
        "The status of a pipe is that of its last program. With bash, `set -o pipefail` in the same command makes it \
         that of the first one that failed.",
    ),
    kind_of(
        "phase.deploys-after-failure",
        "A deployment runs after a failed build",
        "`post_build` runs whenever `build` ran, whether it succeeded or not. `CODEBUILD_BUILD_SUCCEEDING` is 1 while \
         nothing has failed, and `on-failure: ABORT` in `build` leaves `post_build` out.",
    ),
    kind_of(
        "script.always-true",
        "A question that is always answered with yes",
        "`CODEBUILD_BUILD_SUCCEEDING` is 1 while nothing has failed and 0 afterwards. Neither is empty.",
    ),
    kind_of(
        "script.long-dash",
        "A long dash instead of `-`",
        "Editors and web pages turn `-` into a long dash. Programs take such a word for a name.",
    ),
    kind_of(
        "script.option-behind-assignment",
        "An assignment that runs an option",
        "`NAME=value word` runs `word` with a variable set for it. To keep what a program prints takes `NAME=$(…)`.",
    ),
    kind_of(
        "script.version-redirect",
        "A requirement that redirects output",
        "`>` redirects wherever it stands outside quotes: `pip install name>=1.2` installs any version and writes to \
         a file called `=1.2`.",
    ),
    kind_of(
        "script.asks",
        "A program waits for an answer",
        "Nobody answers in a build: standard input is empty and no terminal. The program gives up or takes it for a \
         no.",
    ),
    kind_of(
        "script.bracket",
        "No space behind `[`",
        "`[` is a program, and its name ends with a space. `[$A` is another program, which does not exist.",
    ),
    kind_of(
        "script.curly-quote",
        "A typographic quote",
        "Editors and web pages turn quotes into typographic ones. To a shell they are letters.",
    ),
    kind_of(
        "script.open-here-document",
        "A here-document without its end",
        "Every item of `commands` is a script of its own, and a here-document reads to the end of it when its end is elsewhere.",
    ),
    kind_of(
        "script.parenthesis",
        "A parenthesis that stands for text",
        "Outside quotes `(` begins a subshell, which cannot stand behind a word.",
    ),
    kind_of(
        "script.continuation",
        "A `\\` with nothing to go on with",
        "A list item ends where the next one begins, so that a backslash at its end joins nothing.",
    ),
    kind_of(
        "script.foreign-expression",
        "An expression of another system",
        "`${{ … }}` is replaced by GitHub before a shell sees it. CodeBuild does not, and the shell answers `bad \
         substitution`.",
    ),
    kind_of(
        "script.open-compound",
        "A compound command is spread over list items",
        "Every item of `commands` is a script of its own. An `if` in one and its `fi` in another are two scripts with \
         a syntax error each.",
    ),
    kind_of(
        "script.open-quote",
        "A quote that never ends",
        "The shell reads to the end of the command in search of the closing quote and fails with a syntax error.",
    ),
    kind_of(
        "script.spaced-assignment",
        "Spaces around `=`",
        "`NAME = value` runs a program called `NAME` with two arguments.",
    ),
    kind_of(
        "secret.plain-text",
        "A credential in plain text",
        "Values under `env: variables:` can be read by everybody who sees the source, the project or a build. AWS's \
         guide strongly discourages it.",
    ),
    kind_of(
        "secret.printed",
        "A secret goes into the log",
        "CodeBuild masks the exact value of secrets that it resolves. What is cut, quoted or encoded is not masked, nor what a command fetched by itself.",
    ),
    kind_of(
        "shell.bash-only",
        "bash syntax under `sh`",
        "Commands run under `sh` unless `env: shell:` says otherwise. On Ubuntu images that is dash, which fails on \
         bash's extensions or takes them for something else; on Amazon Linux it is bash, and they work.",
    ),
    kind_of(
        "state.alias",
        "An alias does not last",
        "Every command has a shell of its own, which starts without aliases.",
    ),
    kind_of(
        "state.array",
        "An array does not last",
        "Between commands CodeBuild carries exported variables. An array cannot be exported.",
    ),
    kind_of(
        "state.forgotten",
        "Version 0.1 keeps no state",
        "In version 0.1 every command starts in the source directory with the first environment. Version 0.2 carries \
         directory and variables from one command to the next.",
    ),
    kind_of(
        "state.function",
        "A function does not last",
        "Every command has a shell of its own; directory and variables are carried over, functions are not.",
    ),
    kind_of(
        "state.shell-option",
        "A shell option does not last",
        "Every command has a shell of its own, which starts with the default options. `set -e` alone in a command \
         switches on nothing for the next.",
    ),
    kind_of(
        "state.trap",
        "A trap does not last",
        "Every command has a shell of its own, and a trap fires when that shell ends: before the next command.",
    ),
];
