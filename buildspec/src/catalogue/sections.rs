//! What is wrong within a section.

use super::{Kind, UNKNOWN_KEY, WRONG_KIND, kind_of};

const BATCH: &str =
    "Only a batch build reads `batch`; a batch with this mistake does not start, or not as meant.";

pub(super) const KINDS: &[Kind] = &[
    kind_of(
        "artifacts.all-excluded",
        "The exclusions leave nothing",
        "`exclude-paths` takes files out again. An artifact without a file fails UPLOAD_ARTIFACTS with `no matching \
         artifact paths found`.",
    ),
    kind_of(
        "artifacts.base-twice",
        "A pattern repeats the base directory",
        "Patterns are looked for below `base-directory`, so that `dist/**/*` below `dist` means `dist/dist/**/*`.",
    ),
    kind_of(
        "artifacts.cannot-match",
        "A pattern that no file can match",
        "Patterns match files by their path with `/`. A pattern without a match is passed over in silence; when none \
         matches, UPLOAD_ARTIFACTS fails.",
    ),
    kind_of(
        "artifacts.no-files",
        "An artifact without `files`",
        "Without patterns there is nothing to upload.",
    ),
    kind_of(
        "artifacts.type",
        "`type` in `artifacts`",
        "The key belongs to version 0.1 and is ignored since.",
    ),
    kind_of(
        "artifacts.unknown-key",
        "An unknown key in `artifacts`",
        UNKNOWN_KEY,
    ),
    kind_of(
        "artifacts.wrong-kind",
        "A value of the wrong kind in `artifacts`",
        WRONG_KIND,
    ),
    kind_of("batch.cycle", "Builds that wait for each other", BATCH),
    kind_of(
        "batch.dependency-outside-graph",
        "`depend-on` in `build-list`",
        BATCH,
    ),
    kind_of(
        "batch.duplicate-identifier",
        "An identifier is given twice",
        BATCH,
    ),
    kind_of(
        "batch.fleet-and-compute-type",
        "A fleet and a compute type",
        BATCH,
    ),
    kind_of("batch.no-builds", "A batch without builds", BATCH),
    kind_of(
        "batch.no-identifier",
        "A build without an identifier",
        BATCH,
    ),
    kind_of(
        "batch.parallelism",
        "A fan-out without a number of shares",
        BATCH,
    ),
    kind_of(
        "batch.no-phases",
        "A build that runs a buildspec without phases",
        BATCH,
    ),
    kind_of("batch.several-kinds", "A batch of several kinds", BATCH),
    kind_of(
        "batch.unknown-dependency",
        "A dependency on no build",
        BATCH,
    ),
    kind_of(
        "batch.unknown-key",
        "An unknown key in `batch`",
        UNKNOWN_KEY,
    ),
    kind_of(
        "batch.wrong-kind",
        "A value of the wrong kind in `batch`",
        BATCH,
    ),
    kind_of(
        "cache.action",
        "An unknown `action`",
        "`restore` and `save` are the two values; without one both happen.",
    ),
    kind_of(
        "cache.constant-key",
        "A cache key that never changes",
        "Entries are immutable: what is saved under a key stays as it is. A key must change when its content should, \
         which the hash of a lock file does.",
    ),
    kind_of(
        "cache.fallback-without-key",
        "Fallback keys without a key",
        "Fallback keys are tried when `key` has no entry; without `key` they are ignored.",
    ),
    kind_of(
        "cache.home-sign",
        "`~` in a cache path",
        "Paths are relative to the source root or absolute. Only a shell expands `~`, and no shell reads them.",
    ),
    kind_of(
        "cache.no-paths",
        "A cache without `paths`",
        "Without paths there is nothing to keep.",
    ),
    kind_of(
        "cache.not-a-directory",
        "A file in a local cache",
        "A local custom cache mounts directories; single files cannot be kept in it.",
    ),
    kind_of(
        "cache.too-many-fallback-keys",
        "Too many fallback keys",
        "CodeBuild allows five.",
    ),
    kind_of(
        "cache.unknown-key",
        "An unknown key in `cache`",
        UNKNOWN_KEY,
    ),
    kind_of(
        "cache.wrong-root",
        "A path that starts at the wrong root",
        "An absolute path starts at the root of the image, a relative one at the source root.",
    ),
    kind_of(
        "cache.wrong-kind",
        "A value of the wrong kind in `cache`",
        WRONG_KIND,
    ),
    kind_of(
        "env.given-twice",
        "A variable in two blocks",
        "Which of `variables`, `parameter-store` and `secrets-manager` wins is not documented.",
    ),
    kind_of(
        "env.literal-reference",
        "A reference that stays as it is written",
        "Values under `env: variables:` are literal. `$PATH:/opt/bin` becomes a PATH without a single directory of \
         the image.",
    ),
    kind_of(
        "env.no-shell-name",
        "A name that no shell can read",
        "Shells read names of letters, digits and `_`. A variable of another name is in the environment and out of \
         reach.",
    ),
    kind_of(
        "env.not-exportable",
        "A variable that is not exported",
        "CodeBuild does not export names that begin with `AWS_`, and takes names, not references.",
    ),
    kind_of(
        "env.old-section",
        "`environment_variables`",
        "It is the name of version 0.1 for `env: variables:`.",
    ),
    kind_of(
        "env.reserved-name",
        "A reserved name",
        "Names that begin with `CODEBUILD_` belong to CodeBuild.",
    ),
    kind_of(
        "env.unknown-codebuild-name",
        "A CodeBuild variable that does not exist",
        "A shell reads a variable that does not exist as nothing, and the command goes on.",
    ),
    kind_of("env.unknown-key", "An unknown key in `env`", UNKNOWN_KEY),
    kind_of(
        "env.unknown-shell",
        "An unknown shell",
        "CodeBuild knows `bash` and `/bin/sh`, and two on Windows.",
    ),
    kind_of(
        "env.wrong-kind",
        "A value of the wrong kind in `env`",
        WRONG_KIND,
    ),
    kind_of(
        "phase.command-not-text",
        "A command that YAML takes for something else",
        "`: ` makes a mapping of unquoted text. CodeBuild refuses a command that is not text.",
    ),
    kind_of(
        "phase.on-failure",
        "An unknown `on-failure`",
        "The values are `ABORT`, `CONTINUE`, `RETRY`, `RETRY-<number>`, `RETRY-<regex>` and \
         `RETRY-<number>-<regex>`.",
    ),
    kind_of(
        "phase.steps",
        "`steps`",
        "CodeBuild ran GitHub Actions this way once, and no longer documents it.",
    ),
    kind_of(
        "phase.unknown-key",
        "An unknown key in a phase",
        UNKNOWN_KEY,
    ),
    kind_of(
        "phase.wrong-kind",
        "A value of the wrong kind in a phase",
        WRONG_KIND,
    ),
    kind_of(
        "proxy.unknown-key",
        "An unknown key in `proxy`",
        UNKNOWN_KEY,
    ),
    kind_of(
        "proxy.wrong-kind",
        "A value of the wrong kind in `proxy`",
        WRONG_KIND,
    ),
    kind_of(
        "reference.stage-and-id",
        "A secret by stage and by version id",
        "The two exclude each other (AWS's guide); the default is the stage `AWSCURRENT`.",
    ),
    kind_of(
        "reference.too-many-fields",
        "A secret's reference with too many fields",
        "The form is `secret-id:json-key:version-stage:version-id`.",
    ),
    kind_of(
        "reference.wrong-store",
        "A reference to the other store",
        "`parameter-store` asks Systems Manager and `secrets-manager` asks Secrets Manager; neither knows the \
         other's names, and DOWNLOAD_SOURCE fails.",
    ),
    kind_of(
        "report.cannot-match",
        "A report pattern that no file can match",
        "Patterns match files. Without a match the report group gets no report.",
    ),
    kind_of(
        "report.no-files",
        "A report group without `files`",
        "Without patterns there is nothing to read.",
    ),
    kind_of(
        "report.too-many",
        "Too many report groups",
        "A project can have five.",
    ),
    kind_of(
        "report.unknown-format",
        "An unknown report format",
        "CodeBuild reads ten formats.",
    ),
    kind_of(
        "report.unknown-key",
        "An unknown key in a report group",
        UNKNOWN_KEY,
    ),
    kind_of(
        "report.wrong-extension",
        "A file that is not of the report's format",
        "Without `file-format` CodeBuild reads JUnit XML, and fails the report on anything else.",
    ),
    kind_of(
        "report.wrong-kind",
        "A value of the wrong kind in `reports`",
        WRONG_KIND,
    ),
    kind_of(
        "runtime.no-version",
        "A runtime without a version",
        "CodeBuild finds no version of that name.",
    ),
    kind_of(
        "runtime.not-in-install",
        "Runtimes outside `install`",
        "`runtime-versions` is read in `install` alone.",
    ),
    kind_of(
        "runtime.number",
        "A version that YAML takes for a number",
        "`3.10` is the number 3.1 to YAML. CodeBuild has been seen to take the text; tools between you and CodeBuild, \
         such as CDK and CloudFormation, do not.",
    ),
    kind_of(
        "runtime.unknown-name",
        "An unknown runtime",
        "The image has no runtime of that name, and the build ends.",
    ),
];
