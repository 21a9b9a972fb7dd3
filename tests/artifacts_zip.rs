//! Artifacts as ZIP files, read back by the programs that people have.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Run, refused};

/// What the builds here leave behind: modes, links, names in every alphabet, a file that does not become smaller.
const MAKE: &str = "mkdir -p out/deep; printf '#!/bin/sh\\necho ran\\n' > out/run.sh; chmod 755 out/run.sh; \
    ln -s ../run.sh out/deep/inside; ln -s /etc/passwd out/outside; ln -s deep out/folder; \
    echo text > 'out/grün 日本.txt'; echo dot > out/.env; : > out/empty; \
    head -c 300000 /dev/urandom > out/noise; yes line | head -c 300000 > out/deep/lines";

/// A build that makes those files; `artifacts` is the section as JSON.
fn packing(artifacts: &Value) -> Run {
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": [MAKE] } },
        "artifacts": artifacts,
    });
    let run = Run::new().arg("-b").arg("-").stdin(&spec.to_string());
    let zip = run.root.path().join("out.zip");
    run.artifacts_at(&zip)
}

/// Runs a program and returns what it said, its complaints included.
#[track_caller]
fn says(program: &str, arguments: &[&str], zip: &Path, folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg(zip)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; run `make up`"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{program}: {text}");
    text
}

// Reference §1.8, §6.3: links within the artifact stay links, modes are kept.
#[test]
fn a_zip_is_unpacked_as_the_build_left_it() {
    let run =
        packing(&json!({ "files": "**/*", "base-directory": "out", "enable-symlinks": "yes" }));
    let outcome = run.run().ended(0);
    let zip = run.artifacts();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert_eq!(says("unzip", &["-tqq"], &zip, folder.path()), "");
    assert_eq!(says("unzip", &["-qq"], &zip, folder.path()), "");
    let ran = Command::new(path("run.sh")).output().unwrap();
    assert_eq!(ran.stdout, b"ran\n");
    assert_eq!(
        fs::read_link(path("deep/inside")).unwrap(),
        Path::new("../run.sh")
    );
    assert_eq!(fs::read_link(path("folder")).unwrap(), Path::new("deep"));
    assert!(!path("outside").exists() && !path("outside").is_symlink());
    assert_eq!(fs::read_to_string(path("grün 日本.txt")).unwrap(), "text\n");
    assert_eq!(fs::read_to_string(path(".env")).unwrap(), "dot\n");
    assert_eq!(fs::metadata(path("noise")).unwrap().len(), 300_000);
    assert_eq!(fs::metadata(path("deep/lines")).unwrap().len(), 300_000);
    let warning = "warning: `outside` is not in the artifact: ";
    assert!(
        outcome
            .stdout
            .contains(&warning.replace("outside", "out/outside")),
        "{}",
        outcome.stdout
    );

    let sum = |program: &str| {
        let text = says(program, &[], &zip, folder.path());
        text.split_whitespace().next().unwrap().to_owned()
    };
    let told = &outcome.result["artifacts"];
    assert_eq!(told["location"], zip.to_str().unwrap());
    assert_eq!(told["md5sum"], sum("md5sum"));
    assert_eq!(told["sha256sum"], sum("sha256sum"));
}

#[test]
fn a_zip_is_read_without_a_warning_by_python_and_java() {
    let run =
        packing(&json!({ "files": "**/*", "base-directory": "out", "enable-symlinks": true }));
    run.run().ended(0);
    let (zip, folder) = (run.artifacts(), tempfile::tempdir().unwrap());
    let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                  assert 'grün 日本.txt' in z.namelist(); print(len(z.namelist()))";
    let said = says(
        "python3",
        &["-W", "error", "-c", script],
        &zip,
        folder.path(),
    );
    assert_eq!(said, "8\n");
    if Command::new("jar").arg("--version").output().is_err() {
        println!("skipped: there is no `jar` here, so Java was not asked");
        return;
    }
    let listed = says("jar", &["-tf"], &zip, folder.path());
    assert_eq!(listed.lines().count(), 8, "{listed}");
    assert_eq!(says("jar", &["-xf"], &zip, folder.path()), "");
    assert_eq!(
        fs::read_to_string(folder.path().join("grün 日本.txt")).unwrap(),
        "text\n"
    );
}

// Reference §6.3: without `enable-symlinks` a link is what it leads to.
#[test]
fn links_are_followed_unless_they_are_wanted() {
    let run = packing(&json!({ "files": ["out/deep/inside", "out/empty"] }));
    run.run().ended(0);
    let folder = tempfile::tempdir().unwrap();
    says("unzip", &["-qq"], &run.artifacts(), folder.path());
    let inside = folder.path().join("out/deep/inside");
    assert!(!inside.is_symlink());
    assert_eq!(fs::read_to_string(inside).unwrap(), "#!/bin/sh\necho ran\n");
}

#[test]
fn secondary_artifacts_are_zips_beside_it_or_where_they_are_wanted() {
    let artifacts = json!({ "files": "out/.env", "secondary-artifacts": {
        "text": { "files": "out/*.txt" }, "own": { "files": "out/empty" } } });
    let run = packing(&artifacts);
    let own = run.root.path().join("own");
    let run = run.arg("--artifacts").arg(format!("own={}", own.display()));
    let outcome = run.run().ended(0);
    let text = run.artifacts().with_file_name("out-text.zip");
    let listed = says("unzip", &["-Z1"], &text, run.root.path());
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(own.join("out/empty").is_file());
    let told = &outcome.result["secondaryArtifacts"];
    assert_eq!(told[0]["artifactIdentifier"], "text");
    assert!(told[0]["sha256sum"].is_string() && told[1]["sha256sum"].is_null());
}

#[test]
fn a_build_without_a_place_for_its_zip_does_not_begin() {
    let run = packing(&json!({ "files": "**/*" }));
    fs::create_dir(run.artifacts()).unwrap();
    refused(
        &run,
        2,
        "is a directory, and no ZIP can take its place",
        "remove it",
    );
}
