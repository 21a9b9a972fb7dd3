//! The two workspaces, layers and a copy: a build must not be able to tell which one it has, and neither leaves anything.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::{Outcome, Run, commit_all, dev, docker, git, poll, program};

const KINDS: [&str; 2] = ["layers", "copy"];

/// A build of one script.
fn script(kind: &str, script: &str, rest: &str) -> Run {
    let script = script.replace('\n', "\n        ");
    let spec = format!(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        {script}\n{rest}\n"
    );
    Run::new().buildspec(&spec).arg("--workspace").arg(kind)
}

fn used(outcome: &Outcome) -> &str {
    let workspace = &outcome.result["understudy"]["workspace"];
    workspace["kind"].as_str().unwrap_or_default()
}

/// What the commands printed between two lines.
fn printed(outcome: &Outcome) -> String {
    let out = &outcome.stdout;
    let part = out
        .split("\n<<\n")
        .nth(1)
        .and_then(|it| it.split("\n>>\n").next());
    part.unwrap_or_else(|| panic!("nothing was printed:\n{out}"))
        .to_owned()
}

/// All that can be seen of a tree without reading a byte twice.
fn look(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut seen = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(path) = pending.pop() {
        let it = fs::symlink_metadata(&path).unwrap();
        let content = if it.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
            Vec::new()
        } else if it.is_symlink() {
            fs::read_link(&path)
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec()
        } else if it.len() > 1 << 20 {
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        let times = (it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec());
        let facts = format!("{:?}", (it.mode(), it.len(), times, content));
        seen.insert(path.strip_prefix(root).unwrap().to_owned(), facts);
    }
    seen
}

/// A source with whatever a file system can hold.
fn odd_source(root: &Path) {
    for (name, content) in [
        ("plain", "plain"),
        ("dir/one", "1"),
        ("dir/deep/two", "2"),
        ("over/was here", "old"),
        ("with space/new\nline", "n"),
        ("run.sh", "#!/bin/sh\necho ran\n"),
    ] {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    fs::write(root.join(OsStr::from_bytes(b"not-\xff-utf8")), "x").unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    symlink("dir/one", root.join("link")).unwrap();
    symlink("/nowhere", root.join("dangling")).unwrap();
    fs::hard_link(root.join("plain"), root.join("hard")).unwrap();
    let sparse = File::create(root.join("sparse")).unwrap();
    sparse.set_len(4 << 30).unwrap();
    fs::set_permissions(root.join("run.sh"), Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(root.join("dir/deep"), Permissions::from_mode(0o711)).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_nanos(981_173_106_123_456_789);
    for name in ["plain", "dir", "empty", "dir/deep/two"] {
        let file = File::open(root.join(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(long_ago))
            .unwrap();
    }
}

/// Shows every entry: mode, size, time of modification of files, and what a link says.
const SHOW: &str = r#"show() { find . ! -path ./buildspec.yml | sort | while IFS= read -r f; do
  if [ -L "$f" ]; then echo "$f -> $(readlink "$f")"
  elif [ -d "$f" ]; then echo "$f $(stat -c '%A' "$f")"
  elif [ -f "$f" ]; then echo "$f $(stat -c '%A %s' "$f")"; fi; done; }
"#;

#[test]
fn a_build_sees_and_changes_the_same_tree_on_both() {
    let commands = format!(
        r#"{SHOW}echo; echo "<<"; show; stat -c '%n %y' plain dir empty dir/deep/two
./run.sh
mv dir renamed && mv renamed/deep dir && ls renamed dir
mv dir over/dir && mv over/dir/two over/two && rmdir over/dir
rm -rf 'with space' && mkdir 'with space' && ls -A 'with space'
rm -rf over && [ ! -e over ] && mkdir -p over/again && echo new > over/again/file
ln plain second && echo more >> second && cat plain && stat -c %h second
echo in-place >> hard; cat hard
ln -sf elsewhere link; rm dangling; rmdir empty; mkdir empty; chmod 700 empty
echo end | dd of=sparse bs=1 seek=4294967290 conv=notrunc 2>/dev/null; stat -c %s sparse; tail -c 4 sparse
[ $(du -k sparse | cut -f1) -lt 100 ] && echo still sparse
mkfifo pipe; touch -d '2001-02-03 04:05:06' run.sh; stat -c %Y run.sh
show; echo ">>""#
    );
    let seen = KINDS.map(|kind| {
        let run = script(
            kind,
            &commands,
            "artifacts: {files: ['over/**/*', 'second']}",
        );
        odd_source(run.source_path());
        let before = look(run.source_path());
        let outcome = run.run().ended(0);
        assert_eq!(used(&outcome), kind);
        assert_eq!(look(run.source_path()), before, "{kind}: the user's tree");
        let artifact = fs::read_to_string(run.artifacts().join("over/again/file")).unwrap();
        assert_eq!(artifact, "new\n", "{kind}");
        printed(&outcome)
    });
    assert_eq!(seen[0], seen[1]);
    for line in [
        "./run.sh -rwxr-x--- 19",
        "plain 2001-02-03 04:05:06.123456789 +0000",
        "still sparse",
        "./over/again/file -rw-r--r-- 4",
    ] {
        assert!(
            seen[0].lines().any(|it| it == line),
            "no `{line}`:\n{}",
            seen[0]
        );
    }
}

#[test]
fn what_git_ignores_is_seen_on_neither() {
    let commands = format!("{SHOW}echo; echo \"<<\"; show; git status --short; echo \">>\"");
    let seen = KINDS.map(|kind| {
        let run = script(kind, &commands, "").image(&dev("UNDERSTUDY_DEV_IMAGE"));
        let run = run
            .file(".gitignore", "ignored\nnode_modules\n*.log\n!kept.log\n")
            .file("dir/node_modules/x/y", "1")
            .file("ignored/a", "1")
            .file("dir/file", "1")
            .file("dir/some.log", "1")
            .file("kept.log", "1");
        fs::create_dir(run.source_path().join("empty")).unwrap();
        git(run.source_path(), &["init", "-q"]);
        commit_all(run.source_path());
        let outcome = run.file("dir/untracked", "1").run().ended(0);
        let text = printed(&outcome);
        let own = |line: &&str| !line.starts_with("./.git/");
        text.lines().filter(own).collect::<Vec<_>>().join("\n")
    });
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].contains("\n./dir/untracked -rw"), "{}", seen[0]);
    assert!(seen[0].ends_with("\n?? dir/untracked"), "{}", seen[0]);
    for hidden in ["ignored/a", "node_modules", "some.log", "./empty"] {
        assert!(!seen[0].contains(hidden), "{hidden}: {}", seen[0]);
    }
}

#[test]
fn npm_installs_anew_over_what_was_restored() {
    let commands = r#"test -d node_modules && echo restored
mkdir -p dep && echo '{"name":"dep","version":"1.0.0"}' > dep/package.json && echo 'module.exports=7' > dep/index.js
npm pack ./dep --silent >/dev/null && npm install --offline --silent --no-audit --no-fund ./dep-1.0.0.tgz
npm ci --offline --silent --no-audit --no-fund && rm -rf node_modules && npm ci --offline --silent --no-audit --no-fund
node -p 'require("dep")'"#;
    for kind in KINDS {
        let cache = "cache: {paths: ['node_modules/**/*', '/root/.npm/**/*']}";
        let run = script(kind, commands, cache).image(&dev("UNDERSTUDY_DEV_IMAGE"));
        let run = run.file("package.json", r#"{"name":"app","version":"1.0.0"}"#);
        let first = run.run().ended(0);
        assert!(first.stdout.contains("\n7\n"), "{kind}: {}", first.stdout);
        let second = run.run().ended(0);
        assert!(
            second.stdout.contains("\nrestored\n"),
            "{kind}: {}",
            second.stdout
        );
        assert!(second.stdout.contains("\n7\n"), "{kind}: {}", second.stdout);
        assert!(!run.source_path().join("node_modules").exists(), "{kind}");
    }
}

#[test]
fn what_is_in_the_source_is_not_hidden_by_what_was_cached() {
    let commands = r#"echo; echo "<<"
cat both/own both/kept both/dir-then-file both/file-then-dir/x 2>&1; stat -c %A both
[ -e both/kept ] || { mkdir -p both/dir-then-file; echo cached > both/kept; echo cached > both/own; rm -rf both/file-then-dir both/dir-then-file; mkdir both/dir-then-file; echo cached > both/dir-then-file/y; echo cached > both/file-then-dir; }
echo ">>""#;
    let seen = KINDS.map(|kind| {
        let run =
            script(kind, commands, "cache: {paths: ['both/**/*']}").file("both/own", "source\n");
        run.run().ended(0);
        let run = run
            .file("both/file-then-dir/x", "source\n")
            .file("both/dir-then-file", "source\n");
        fs::set_permissions(
            run.source_path().join("both"),
            Permissions::from_mode(0o705),
        )
        .unwrap();
        printed(&run.run().ended(0))
    });
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], "source\ncached\nsource\nsource\ndrwx---r-x");
}

#[test]
fn directories_outside_the_source_are_kept_over_what_the_image_has() {
    let commands = "echo; echo \"<<\"; cat /root/.npm/a/n /root/.m2/n /opt/cache/x.bin /opt/cache/y.txt 2>/dev/null; ls /usr/bin/env; echo \">>\"
mkdir -p /root/.npm/a && echo $CODEBUILD_BUILD_NUMBER > /root/.npm/a/n && echo m > /root/.m2/n && echo x > /opt/cache/x.bin && echo y > /opt/cache/y.txt && echo u > /usr/bin/ours";
    let paths = "cache: {paths: ['/root/.npm/**/*', '~/.m2', '/opt/cache/*.bin', '/usr/bin/ou*', '/etc/*']}";
    for kind in KINDS {
        let run = script(kind, commands, paths);
        let first = run.run().ended(0);
        assert_eq!(printed(&first), "/usr/bin/env", "{kind}");
        let warning = "\nwarning: cache path `/etc/*` is not kept: ";
        assert!(first.stdout.contains(warning), "{kind}: {}", first.stdout);
        assert_eq!(
            first.result["understudy"]["cache"]["saved"]["files"], 4,
            "{kind}"
        );
        let second = run.run().ended(0);
        assert_eq!(printed(&second), "1\nm\nx\n/usr/bin/env", "{kind}");
        assert_eq!(
            printed(&run.run().ended(0)),
            "2\nm\nx\n/usr/bin/env",
            "{kind}"
        );
    }
}

#[test]
fn a_save_takes_what_changed_and_what_went() {
    let first = "mkdir -p kept/a kept/b kept/c && for i in 1 2 3; do echo $i > kept/a/$i; echo $i > kept/b/$i; echo $i > kept/c/$i; done; ln -s a/1 kept/link";
    let commands = format!(
        r#"if [ ! -d kept ]; then {first}; elif [ ! -e kept/changed ]; then
rm -r kept/b; mv kept/a kept/moved; mkdir kept/a; echo new > kept/a/new; rm kept/c/2; echo x >> kept/c/3; rm kept/link; touch kept/changed; fi
{SHOW}echo; echo "<<"; cd kept; show; cat c/3; echo ">>""#
    );
    let seen = KINDS.map(|kind| {
        let run = script(kind, &commands, "cache: {paths: ['kept/**/*']}");
        run.run().ended(0);
        let changed = run.run().ended(0);
        let restored = run.run().ended(0);
        assert_eq!(printed(&changed), printed(&restored), "{kind}");
        let cache = &restored.result["understudy"]["cache"];
        assert_eq!(cache["saved"]["unchanged"], true, "{kind}");
        printed(&restored)
    });
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].contains("./moved/3 "), "{}", seen[0]);
}

#[test]
fn many_files_are_restored_and_renamed_at_once() {
    let commands = r"if [ -d kept ]; then find kept -type f | wc -l; mv kept gone; find gone -type f | wc -l; exit 0; fi
d=0; while [ $d -lt 20 ]; do mkdir -p kept/$d; (cd kept/$d; seq 1000 | xargs touch); d=$((d+1)); done";
    for kind in KINDS {
        let run = script(kind, commands, "cache: {paths: ['kept/**/*']}");
        run.run().ended(0);
        let second = run.run().ended(0);
        let counts = "\n20000\n20000\n";
        assert!(second.stdout.contains(counts), "{kind}: {}", second.stdout);
    }
}

#[test]
fn a_build_whose_program_was_killed_is_put_away_by_the_next_sweep() {
    for kind in KINDS {
        let run = script(
            kind,
            "echo x > made; touch ready; sleep 600",
            "cache: {paths: ['/root/.npm/*', made]}",
        );
        let mut running = run.start();
        let builds = || fs::read_dir(run.home().join("builds")).ok()?.next()?.ok();
        let begun = |build: &Path| {
            let mut places = ["overlays/src/upper/ready", "src/ready"].iter();
            places.any(|place| build.join(place).exists())
        };
        poll("the command runs", || {
            builds().is_some_and(|build| begun(&build.path()))
        });
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        let build = builds().unwrap().path();
        let uuid = build.file_name().unwrap().to_string_lossy().into_owned();
        let filter = format!("label=understudy.build={uuid}");
        let left = || {
            let containers = docker(&["ps", "-aq", "--filter", &filter]);
            containers + &docker(&["volume", "ls", "-q", "--filter", &filter])
        };
        assert_ne!(left(), "", "{kind}: the container runs on");
        let mut sweep = Command::new(program());
        let status = sweep
            .arg("sweep")
            .env("UNDERSTUDY_HOME", run.home())
            .status();
        assert!(status.unwrap().success(), "{kind}");
        assert_eq!(left(), "", "{kind}");
        for gone in ["src", "overlays", "tmp"] {
            assert!(!build.join(gone).exists(), "{kind}: {gone}");
        }
        assert_eq!(
            fs::read_dir(run.home().join("trash")).unwrap().count(),
            0,
            "{kind}"
        );
        let mounts = fs::read_to_string("/proc/mounts").unwrap();
        assert!(!mounts.contains(&uuid), "{kind}: {mounts}");
    }
}

#[test]
fn an_entry_that_was_altered_is_never_below_a_build() {
    let commands = "cat kept/file; mkdir -p kept; echo good > kept/file";
    let run = script("layers", commands, "cache: {paths: ['kept/*']}");
    run.run().ended(0);
    let mut find = Command::new("find");
    let found = find
        .arg(run.home().join("cache/entries"))
        .args(["-path", "*/kept/file"]);
    let found = String::from_utf8(found.output().unwrap().stdout).unwrap();
    fs::write(found.trim(), "evil").unwrap();
    let outcome = run.run().ended(0);
    assert!(!outcome.stdout.contains("evil"), "{}", outcome.stdout);
    let warning = "\nwarning: the saved cache is damaged and was not restored: ";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
    assert!(run.run().ended(0).stdout.contains("\ngood\n"));
}

#[test]
fn a_state_directory_of_any_name_and_within_the_source_is_one() {
    let commands = "cat kept/file; mkdir -p kept; echo good > kept/file";
    for name in ["with space, comma:colon\\backslash", ".understudy"] {
        let run = script("layers", commands, "cache: {paths: ['kept/*']}");
        let home = run.source_path().join(name);
        let run = run.home_at(&home);
        run.run().ended(0);
        let second = run.run().ended(0);
        assert!(
            second.stdout.contains("\ngood\n"),
            "{name}: {}",
            second.stdout
        );
        assert_eq!(used(&second), "layers", "{name}");
    }
}

// Reference §7.3, §7.4: what the program makes of a key by itself is what the tool in the container prints.
#[test]
fn a_key_that_needs_no_shell_is_what_the_shell_would_make_of_it() {
    let globs = "package-lock.json 'deep/**/*.lock' '**/a*'";
    let commands = format!(
        "echo; echo \"<<\"; codebuild-hash-files {globs}; cat kept/x; echo \">>\"; mkdir -p kept; echo again > kept/x"
    );
    let cache = format!(
        "cache:\n  key: \"npm-$STAGE-$(codebuild-hash-files {globs})\"\n  paths: ['kept/*']"
    );
    for kind in KINDS {
        let run = script(kind, &commands, &cache).arg("-e").arg("STAGE=beta");
        let run = run
            .file("package-lock.json", "{}")
            .file("deep/x.lock", "1")
            .file("deep/er/.y.lock", "2")
            .file("deep/er/a", "3")
            .file(".a/a b", "4")
            .file("abc/with\nline/a", "5");
        let first = run.run().ended(0);
        let hash = printed(&first)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(hash.len(), 64, "{}", first.stdout);
        let saved = &first.result["understudy"]["cache"]["saved"];
        assert_eq!(saved["name"], format!("npm-beta-{hash}"), "{kind}");
        assert!(printed(&run.run().ended(0)).ends_with("\nagain"), "{kind}");
    }
}
