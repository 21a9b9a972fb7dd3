//! Reading and checking buildspecs.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;

use buildspec::Facts;
use granit_parser::Parser;

use crate::corpus;
use crate::measure::{Figure, Race};
use crate::program::{own_program, succeed};

/// All of the corpus read and checked, against the events of the same YAML library alone.
pub(crate) fn corpus() -> Result<Figure, String> {
    let corpus = corpus::read()?;
    let bytes: usize = corpus.texts.iter().map(String::len).sum();
    let race = Race {
        id: "check.corpus",
        work: format!(
            "read and check {} {} ({} kB)",
            corpus.texts.len(),
            corpus.name,
            bytes / 1_000
        ),
        rival_name: "bare event parse by the same library".to_owned(),
        // At most three times as long.
        aim: 1.0 / 3.0,
        pairs: 21,
    };
    let facts = Facts::default();
    race.run(
        || {
            for text in &corpus.texts {
                black_box(buildspec::read(text).checked(text, &facts));
            }
            Ok(())
        },
        || {
            for text in &corpus.texts {
                // As far as the text is YAML; our reader goes as far.
                let events = Parser::new_from_str(text).map_while(Result::ok);
                black_box(events.count());
            }
            Ok(())
        },
    )
}

/// The whole program on one file, against Python that only loads it.
pub(crate) fn start() -> Result<Figure, String> {
    let program = own_program()?;
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/buildspecs/valid/everything.yml");
    let script = "import sys, yaml; yaml.safe_load(open(sys.argv[1]))";
    let race = Race {
        id: "check.start",
        work: "`understudy check` of one file, whole process".to_owned(),
        rival_name: "python3 -c \"import yaml; yaml.safe_load(…)\"".to_owned(),
        aim: 10.0,
        pairs: 21,
    };
    race.run(
        || succeed(Command::new(&program).arg("check").arg(&file)),
        || succeed(Command::new("python3").args(["-c", script]).arg(&file)),
    )
}
