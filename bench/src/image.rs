//! Images: one that has not changed, and one of which a file has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::measure::{Figure, Race};
use crate::program::{own_program, succeed};

/// The repository, beside which a rival has its own.
const REPOSITORY: &str = "bench/image";
const PAIRS: usize = 9;

/// An image whose content is in the repository, against `docker build` and `docker push` with everything in their caches.
pub(crate) fn unchanged() -> Result<Figure, String> {
    let place = Place::new("unchanged")?;
    place.ours()?;
    let race = Race {
        id: "image.unchanged",
        work: "an unchanged image gets two new tags".to_owned(),
        rival_name: "docker build + docker push ×2, all layers cached".to_owned(),
        aim: 5.0,
        pairs: PAIRS,
    };
    race.of_times(|| Ok((place.ours()?, place.rival()?)))
}

/// An image whose last layer has a changed file, against the same by the Docker CLI.
pub(crate) fn one_file() -> Result<Figure, String> {
    let place = Place::new("one-file")?;
    let race = Race {
        id: "image.one-file",
        work: "an image with one changed file is built and pushed with two tags".to_owned(),
        rival_name: "docker build + docker push ×2".to_owned(),
        aim: 1.0,
        pairs: PAIRS,
    };
    let mut number = 0;
    race.of_times(|| {
        number += 2;
        place.change(number)?;
        let ours = place.ours()?;
        place.change(number + 1)?;
        Ok((ours, place.rival()?))
    })
}

/// A source with an image of a few layers.
struct Place {
    program: PathBuf,
    directory: PathBuf,
    registry: String,
    base: String,
}

impl Place {
    fn new(name: &str) -> Result<Self, String> {
        let directory = std::env::current_dir()
            .map_err(|error| error.to_string())?
            .join("target/bench/image")
            .join(name);
        let registry = dev("UNDERSTUDY_DEV_REGISTRY_API")?.replace("http://", "");
        let base = dev("UNDERSTUDY_DEV_NODE_IMAGE")?;
        let place = Self {
            program: own_program()?,
            directory,
            registry,
            base,
        };
        place.write().map_err(|error| error.to_string())?;
        let (user, password) = (
            dev("UNDERSTUDY_DEV_REGISTRY_USER")?,
            dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD")?,
        );
        let mut login = place.docker();
        succeed(login.args(["login", "-u", &user, "-p", &password, &place.registry]))?;
        Ok(place)
    }

    fn write(&self) -> std::io::Result<()> {
        let app = self.directory.join("app");
        fs::create_dir_all(app.join("lib"))?;
        // A source of an ordinary size: 500 files, 10 MB.
        for number in 0..500 {
            fs::write(app.join(format!("lib/{number}.js")), vec![b'x'; 20_000])?;
        }
        let recipe = format!(
            "FROM {}\nWORKDIR /app\nCOPY lib lib\nRUN ls lib | wc -l > count\nCOPY number .\n",
            self.base
        );
        fs::write(app.join("Dockerfile"), recipe)?;
        fs::write(app.join("number"), "0")?;
        let image = json!({ "name": "web", "context": "app", "repository": format!("{}/{REPOSITORY}", self.registry), "tags": ["$A", "$B"] });
        fs::write(
            self.directory.join("project.yml"),
            json!({ "images": [image] }).to_string(),
        )?;
        fs::write(
            self.directory.join("buildspec.yml"),
            "version: 0.2\nphases: {build: {commands: ['true']}}\n",
        )
    }

    fn change(&self, number: u32) -> Result<(), String> {
        let unique = format!("{} {number}", std::process::id());
        fs::write(self.directory.join("app/number"), unique).map_err(|error| error.to_string())
    }

    fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.env("DOCKER_CONFIG", self.directory.join("docker"));
        docker.stderr(Stdio::null());
        docker
    }

    /// Returns how many milliseconds the image took within a build.
    fn ours(&self) -> Result<f64, String> {
        let result = self.directory.join("result.json");
        let tag = uuid();
        let mut run = Command::new(&self.program);
        run.arg("run")
            .arg(&self.directory)
            .args([
                "-i",
                &self.base,
                "--include-ignored",
                "-e",
                &format!("A=a{tag}"),
                "-e",
                &format!("B=b{tag}"),
            ])
            .arg("-p")
            .arg(self.directory.join("project.yml"))
            .arg("--result")
            .arg(&result)
            .env("DOCKER_CONFIG", self.directory.join("docker"))
            .env("UNDERSTUDY_HOME", self.directory.join("../home"));
        succeed(&mut run)?;
        let text = fs::read_to_string(&result).map_err(|error| error.to_string())?;
        let result: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let millis = result["understudy"]["images"][0]["millis"].as_f64();
        millis.ok_or_else(|| "the result has no image".to_owned())
    }

    fn rival(&self) -> Result<f64, String> {
        let name = format!("{}/{REPOSITORY}-rival", self.registry);
        let tag = uuid();
        let (one, other) = (format!("{name}:a{tag}"), format!("{name}:b{tag}"));
        let start = std::time::Instant::now();
        succeed(
            self.docker()
                .args(["build", "-t", &one, "-t", &other])
                .arg(self.directory.join("app")),
        )?;
        succeed(self.docker().args(["push", &one]))?;
        succeed(self.docker().args(["push", &other]))?;
        Ok(start.elapsed().as_secs_f64() * 1_000.0)
    }
}

/// A tag that no run before had.
fn uuid() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_nanos().to_string()
}

/// Returns a line of the file that `dev/up` leaves.
fn dev(name: &str) -> Result<String, String> {
    let state =
        std::env::var_os("UNDERSTUDY_DEV").map_or_else(|| "target/dev".into(), PathBuf::from);
    let file = Path::new(&state).join("env");
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("{}: {error}; run `make up`", file.display()))?;
    let prefix = format!("{name}=");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(&prefix));
    value
        .map(str::to_owned)
        .ok_or_else(|| format!("{} has no {name}; run `make up` again", file.display()))
}
