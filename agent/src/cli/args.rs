//! What can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::cache::{self, CacheArgs};
use super::source::SourceArgs;

const EXIT_CODES: &str = "Exit codes:
  0    the build SUCCEEDED
  1    the build FAILED: a command, artifacts or an image
  2    unusable arguments, buildspec or project
  3    FAULT: the engine, the disk, the network or Understudy itself
  4    TIMED_OUT
  130  STOPPED";

const EXAMPLES: &str = "Examples:
  understudy run -i node:20                       build this directory by its buildspec.yml
  understudy run app -b ci/test.yml -i node:20    another directory and buildspec
  understudy run -p project.yml -e STAGE=beta     image and variables from a CodeBuild project
  understudy check buildspec.yml                  find what is wrong before a build is paid for
  understudy report coverage/clover.xml           show a coverage report";

const CHECK_EXAMPLES: &str = "Examples:
  understudy check                                 buildspec.yml of this directory
  understudy check .                               every buildspec below this directory
  understudy check -p project.json ci/build.yml    with what the project says
  understudy check --format sarif . > out.sarif    for code scanning
  understudy check --explain directory.drift       why a finding matters

Exit codes: 0 no errors, 2 errors (with --strict: or warnings) or unreadable files";

const SHELL_EXAMPLES: &str = "Examples:
  understudy run --debug -i node:20      holds the build where a command fails, and says its id
  understudy shell                       a shell there; `exit` leaves the build held
  understudy shell 1a2b3c4d -- npm test  one command there
  echo env | understudy shell            what standard input says

In the shell:
  codebuild-resume                       goes on, the command failed
  codebuild-resume --retry               runs the command again, from the state before it
  codebuild-resume --skip                goes on as if it had succeeded

Exit codes: the shell's or the command's own; 2 no such build, or it is over";

const PLAN_EXAMPLES: &str = "Examples:
  understudy plan -i node:20                      what `understudy run -i node:20` would do
  understudy plan -p project.yml | jq .plan.phases

Exit codes: 0 planned, 2 unusable arguments, buildspec or project";

const REPORT_EXAMPLES: &str = "Examples:
  understudy report coverage/clover.xml          what a file says
  understudy report                              the newest report of every group
  understudy report app-unit                     of one group: what fails, what is new, what is flaky, what is slow
  understudy report app-unit --format html > unit.html

A test is newly failing if it did not fail when it was last heard of. It is flaky if its verdict changed at least twice within
the last 20 builds, or if it passed only when it was run again.";

const SCHEMA_EXAMPLES: &str = "Examples:
  understudy schema > buildspec.schema.json
  # yaml-language-server: $schema=./buildspec.schema.json   as the first line of a buildspec.yml";

/// Runs AWS CodeBuild builds on machines you own.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a build: the phases of a buildspec in a container, as CodeBuild does.
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
    /// Check buildspecs: every finding with its place and a way out.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Open a shell in a running build: its directory, its variables, its user.
    ///
    /// Where `run --debug` holds a failed command, it is the state that the command left; at `codebuild-breakpoint`, that
    /// of the command there. Otherwise it is the state between the commands. What the shell changes in files, the build
    /// sees; its directory and variables stay the shell's own. Without a terminal it runs what standard input says.
    #[command(after_help = SHELL_EXAMPLES)]
    Shell(ShellArgs),
    /// List the builds that this machine knows, the newest first.
    Builds(BuildsArgs),
    /// Stop a running build, as Ctrl-C where it runs does, and wait for its end.
    Stop(StopArgs),
    /// Let a held build go on, as `codebuild-resume` in its shell does.
    Resume(ResumeArgs),
    /// Print what `run` would do, as JSON, without doing it: phases, commands, artifacts, reports, cache, variables.
    ///
    /// The source is read as it lies: a buildspec that git ignores is planned, though `run` would not take it along.
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Box<PlanArgs>),
    /// Tell what this machine offers to builds: the engine, the workspace they get and why, and the room that is left.
    Doctor,
    /// Print the JSON Schema (2020-12) of a buildspec, for editors.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Show test and coverage reports: files, or what report groups keep and what changed over the builds.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Look at what caches hold, and get rid of it.
    #[command(after_help = cache::EXAMPLES)]
    Cache(CacheArgs),
    /// Send what of a build's artifacts has not arrived in S3, because the network, S3 or its permissions failed.
    ///
    /// What has arrived is not sent again, nor the parts of a large file. The build's result stays as it is.
    Upload(UploadArgs),
    /// Delete what finished builds left in the trash. Started by `run`, in the background.
    #[command(hide = true)]
    Sweep(SweepArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) build: BuildArgs,

    /// Write the result there, one JSON object in the shape of CodeBuild's `Build`.
    #[arg(long, value_name = "FILE")]
    pub(super) result: Option<PathBuf>,

    /// Hold the build at a command that fails, with its directory and variables, and at `codebuild-breakpoint`, until
    /// somebody calls `codebuild-resume` in `understudy shell`. The timeout goes on counting.
    #[arg(long)]
    pub(super) debug: bool,

    /// What is printed: for people, CodeBuild's own log lines, or events as JSON lines.
    #[arg(short, long, value_enum, default_value_t = Output::Pretty)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    /// The build: its id, its uuid, or the beginning of that [default: the newest held build, else the newest running one]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,

    /// A command instead of a shell.
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct BuildsArgs {
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(super) struct StopArgs {
    /// The build: its id, its uuid, or the beginning of that [default: the newest held build, else the newest running one]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct UploadArgs {
    /// The build: its id, its uuid, or the beginning of that [default: every build that has something left to send]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The build: its id, its uuid, or the beginning of that [default: the newest held build]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,

    /// Run the failed command again, from the state before it.
    #[arg(long, conflicts_with = "skip")]
    pub(super) retry: bool,

    /// Go on as if the failed command had succeeded.
    #[arg(long)]
    pub(super) skip: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) build: BuildArgs,
}

/// What a build is made from.
#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,

    /// The buildspec: a path relative to the source, or `-` for standard input [default: buildspec.yml]
    #[arg(short, long, value_name = "PATH|-")]
    pub(super) buildspec: Option<String>,

    /// The build image.
    #[arg(short, long, value_name = "IMAGE")]
    pub(super) image: Option<String>,

    /// A CodeBuild project, JSON or YAML, as `aws codebuild create-project` takes it or `batch-get-projects` and
    /// `batch-get-builds` give it: image, variables, buildspec, timeout, and images to build and push.
    #[arg(short, long, value_name = "FILE")]
    pub(super) project: Option<PathBuf>,

    /// The project of that file, where it has several; of builds, also an id.
    #[arg(long, value_name = "NAME", requires = "project")]
    pub(super) project_name: Option<String>,

    /// A variable of the build; wins over the project and the buildspec. NAME alone takes the caller's value.
    #[arg(short, long = "env", value_name = "NAME=VALUE")]
    pub(super) env: Vec<String>,

    /// A file of variables, NAME=VALUE a line.
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Vec<PathBuf>,

    /// A variable whose value is what a file holds, without its last line end. It is masked, and replaces one that the
    /// buildspec or the project takes from Parameter Store or Secrets Manager.
    #[arg(long, value_name = "NAME=FILE")]
    pub(super) secret: Vec<String>,

    /// Lend the build your AWS credentials, so that the AWS CLI and SDKs work in it. They are in no variable: the build
    /// asks for them, and gets new ones while it runs.
    #[arg(long)]
    pub(super) aws: bool,

    /// Lend the build the credentials of this role, which yours assume.
    #[arg(long, value_name = "ARN")]
    pub(super) role_arn: Option<String>,

    /// Whether commands can use Docker: `nested` gives them an engine of their own in a privileged container, `host`
    /// lends them this machine's, without power over this machine [default: none; nested for a privileged build]
    #[arg(long, value_enum)]
    pub(super) docker: Option<Docker>,

    /// Run as a project with `privilegedMode` does: privileged, with a Docker Engine of its own.
    #[arg(long)]
    pub(super) privileged: bool,

    /// Processors that the build may use, such as 2 or 0.5 [default: those of the project's compute type, else all]
    #[arg(long, value_name = "N")]
    pub(super) cpus: Option<f64>,

    /// Memory that the build may use, such as 3GiB [default: that of the project's compute type, else all]
    #[arg(long, value_name = "SIZE")]
    pub(super) memory: Option<String>,

    /// Power over this machine that `--docker host` gives nevertheless; may be given several times.
    #[arg(long, value_enum, value_name = "POWER")]
    pub(super) docker_allow: Vec<Power>,

    /// An image that is built and pushed when the commands have succeeded, as `images` of a project file; may be given
    /// several times.
    #[arg(long, value_name = "NAME=CONTEXT,repo=REPOSITORY[,KEY=VALUE]…")]
    pub(super) image_build: Vec<String>,

    /// Write `imagedefinitions.json` with this container and the image that the commands push for it: the one whose
    /// repository ends with that name, or the only one; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) image_definitions: Vec<String>,

    /// Build declared images even where their repository has them already, made from the same.
    #[arg(long)]
    pub(super) no_image_cache: bool,

    /// Also keep the layers of images that the build's own engine has in the cache, for machines that come and go: an
    /// engine without images is given them before the first command, and `docker build` finds its steps again.
    #[arg(long)]
    pub(super) docker_cache: bool,

    /// Where artifacts go: a directory, a ZIP file, a place in S3 (ending in `.zip` for one object), or `project`: where the
    /// project says. `NAME=` before it: where the secondary artifact, or a pipeline's output artifact, of that name goes
    /// [default: beside the build's log]
    #[arg(long, value_name = "[NAME=]DIR|FILE.zip|s3://…|project")]
    pub(super) artifacts: Vec<OsString>,

    /// Where reports are kept, a directory a report group: the raw files and `report.json` of the last 100 builds, which
    /// `understudy report` compares [default: beside the builds].
    #[arg(long, value_name = "DIR")]
    pub(super) reports: Option<PathBuf>,

    /// Where caches are kept: a directory, `s3://bucket/prefix` (behind this machine's own), or `off`
    /// [default: the user's cache directory, and the bucket of a project with an S3 cache].
    #[arg(long, value_name = "DIR|s3://…|off")]
    pub(super) cache: Option<String>,

    /// Whether the build saves its caches or only restores them [default: readwrite; read for a pull request].
    #[arg(long, value_enum, value_name = "MODE")]
    pub(super) cache_mode: Option<CacheMode>,

    /// Leave at most this much in the cache when the build is over, such as 20GiB: what was not used for longest goes
    /// first [default: `UNDERSTUDY_CACHE_MAX`, else no limit].
    #[arg(long, value_name = "SIZE")]
    pub(super) cache_max: Option<String>,

    /// Begin no build with less room on the disk; caches that were not used for longest make way first
    /// [default: `UNDERSTUDY_MIN_FREE`, else 256MiB].
    #[arg(long, value_name = "SIZE")]
    pub(super) min_free: Option<String>,

    /// How the build gets its source and caches [default: layers, where the engine and this machine can].
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) workspace: Option<Workspace>,

    /// Minutes until the build times out [default: the project's, else 60].
    #[arg(long, value_name = "MINUTES")]
    pub(super) timeout: Option<f64>,

    /// Also take files that git ignores.
    #[arg(long)]
    pub(super) include_ignored: bool,
}

/// What a build does with its caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CacheMode {
    /// It restores them.
    Read,
    /// It restores and saves them.
    Readwrite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Docker {
    /// No Docker in the build.
    None,
    /// An engine of the build's own, in a privileged container.
    Nested,
    /// The engine that runs the build: it sees only what it made, and can mount only its source.
    Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Workspace {
    /// Mounted over each other: it takes no time, whatever their size.
    Layers,
    /// Copied into a directory of the build's own.
    Copy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Power {
    /// Privileged containers, capabilities, devices, kernel settings.
    Privileged,
    /// Mounts of any path.
    HostPaths,
    /// The host's network, processes and other namespaces.
    HostNamespaces,
    /// Every call, and what other builds and people have at the engine.
    Engine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Pretty,
    Codebuild,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// The cache whose trash is deleted too.
    #[arg(long, value_name = "DIR")]
    pub(super) cache: Option<PathBuf>,

    /// The most bytes that the cache may take; what was not used for longest goes.
    #[arg(long, value_name = "BYTES")]
    pub(super) cache_max: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The buildspecs: files, directories that are searched for `*buildspec*.yml` (or `.yaml`, `.json`; not in
    /// `node_modules`, `vendor`, `target`), or `-` for standard input.
    #[arg(default_value = "buildspec.yml", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// How it is printed.
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(super) format: CheckFormat,

    /// The CodeBuild project that will run them: its image, privileged mode and cache are taken into account.
    #[arg(short, long, value_name = "FILE")]
    pub(super) project: Option<PathBuf>,

    /// The project of that file, where it has several; of builds, also an id.
    #[arg(long, value_name = "NAME", requires = "project")]
    pub(super) project_name: Option<String>,

    /// Let warnings count like errors in the exit code.
    #[arg(long)]
    pub(super) strict: bool,

    /// Let warnings of this kind pass; may be given several times.
    #[arg(long, value_name = "CODE")]
    pub(super) allow: Vec<String>,

    /// Say why a kind of finding matters, such as `directory.drift`.
    #[arg(long, value_name = "CODE")]
    pub(super) explain: Option<String>,

    /// List every kind of finding.
    #[arg(long)]
    pub(super) list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Excerpts with carets.
    Human,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Report files (JUnit, Cucumber, NUnit 2 and 3, TestNG, TRX; Clover, Cobertura, JaCoCo, SimpleCov, LCOV), or a report
    /// group, a build's id, or a directory of reports [default: every group that is kept]
    #[arg(value_name = "FILE|GROUP|ID|DIR")]
    pub(super) what: Vec<PathBuf>,

    /// The files' format, as in a buildspec [default: what each file shows].
    #[arg(long, value_name = "FORMAT")]
    pub(super) file_format: Option<String>,

    /// Where reports are kept, as in `run --reports` [default: beside the builds].
    #[arg(long, value_name = "DIR")]
    pub(super) reports: Option<PathBuf>,

    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ReportStyle::Human)]
    pub(super) format: ReportStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportStyle {
    /// Text and tables.
    Human,
    /// One JSON object, or a list of several.
    Json,
    /// For a pull request's comment.
    Markdown,
    /// One page that needs nothing else.
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// A table.
    Human,
    /// One JSON object.
    Json,
}
