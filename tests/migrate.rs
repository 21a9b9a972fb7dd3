//! The application of our first user: `buildspec-migrate.yml` to the letter, with a database and without one.

use std::process::Command;

use crate::support::{KidsLearn, Run, dev};

const MIGRATE: &str = "deployments/buildspec-migrate.yml";

#[test]
fn the_migrations_run_against_the_database() {
    let schema = Schema::unique();
    let url = schema.seen_from(&dev("UNDERSTUDY_DEV_POSTGRES_URL"));
    let run = migration(&url);
    let sources = KidsLearn::below(run.root.path());
    let outcome = run.source(&sources.directory).run().ended(0);

    assert_eq!(outcome.result["buildStatus"], "SUCCEEDED");
    for said in [
        "Migrations completed successfully",
        "Verifying migration status...",
    ] {
        assert!(
            outcome.stdout.contains(&format!("\n{said}\n")),
            "{}",
            outcome.stdout
        );
    }
    assert_eq!(
        schema.ask("SELECT name FROM schema_migrations ORDER BY name"),
        [
            "0001_children.sql",
            "0002_attempts.sql",
            "0003_skill_progress.sql"
        ]
    );
    assert_eq!(
        schema.ask("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = current_schema() AND relkind IN ('r', 'v') ORDER BY 1"),
        ["attempts", "children", "schema_migrations", "skill_progress"]
    );
}

#[test]
fn without_its_database_the_build_fails_as_codebuild_would() {
    // Nothing listens on port 1.
    let url = dev("UNDERSTUDY_DEV_POSTGRES_URL");
    let (before, after) = url.rsplit_once(':').unwrap();
    let closed = format!("{before}:1/{}", after.split_once('/').unwrap().1);
    let run = migration(&closed);
    let sources = KidsLearn::below(run.root.path());
    let outcome = run.source(&sources.directory).run().ended(1);

    assert_eq!(outcome.result["buildStatus"], "FAILED");
    let failure = |script: &str| {
        let message = format!(
            "Error while executing command: npx ts-node scripts/{script}.ts. Reason: exit status 1"
        );
        ("COMMAND_EXECUTION_ERROR".to_owned(), message)
    };
    assert_eq!(outcome.context("BUILD"), failure("run-migrations"));
    let said = "run-migrations: cannot connect to the database at";
    assert!(outcome.stdout.contains(said), "{}", outcome.stdout);
    assert!(
        !outcome.stdout.contains("Migrations completed"),
        "{}",
        outcome.stdout
    );
    // Reference §2.6: after a failed BUILD, POST_BUILD and UPLOAD_ARTIFACTS still run.
    assert_eq!(outcome.context("POST_BUILD"), failure("verify-migrations"));
    assert_eq!(
        outcome.phases()[4..],
        [
            "INSTALL SUCCEEDED",
            "PRE_BUILD SUCCEEDED",
            "BUILD FAILED",
            "POST_BUILD FAILED",
            "UPLOAD_ARTIFACTS SUCCEEDED",
            "FINALIZING SUCCEEDED",
            "COMPLETED",
        ]
    );
    let end = "\nerror: BUILD: exit status 1\n  --> deployments/buildspec-migrate.yml:12\n";
    assert!(outcome.stdout.contains(end), "{}", outcome.stdout);
}

fn migration(url: &str) -> Run {
    let run = Run::new()
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .arg("-b")
        .arg(MIGRATE);
    run.arg("-e").arg(format!("DATABASE_URL={url}"))
}

/// A schema of the test's own: the database's user may not make databases. Dropped with the test.
struct Schema {
    name: String,
}

impl Schema {
    fn unique() -> Self {
        let schema = Self {
            name: format!("test_{}", std::process::id()),
        };
        schema.ask(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    /// The database's address with this schema as the only one that is looked at.
    fn seen_from(&self, url: &str) -> String {
        format!("{url}?options=-c%20search_path%3D{}", self.name)
    }

    /// The rows of an answer.
    fn ask(&self, sql: &str) -> Vec<String> {
        let output = self.psql(sql);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {error}");
        let rows = String::from_utf8(output.stdout).unwrap();
        rows.lines().map(str::to_owned).collect()
    }

    fn psql(&self, sql: &str) -> std::process::Output {
        let url = self.seen_from(&dev("UNDERSTUDY_DEV_POSTGRES_URL_HOST"));
        let arguments = [
            "--quiet",
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
        ];
        let psql = Command::new("psql")
            .args(arguments)
            .arg(sql)
            .arg(url)
            .output();
        psql.expect("psql is there; run `make up`")
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let _dropped = self.psql(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}
