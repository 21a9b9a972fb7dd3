//! x
use cache::*;
use std::path::Path;
use std::time::Instant;
fn main() {
    let base = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let tree = std::path::PathBuf::from(std::env::args().nth(2).unwrap());
    let verify = if std::env::args().nth(3).as_deref() == Some("content") {
        Verify::Content
    } else {
        Verify::Shape
    };
    let store = LocalStore::open(&base.join("store"))
        .unwrap()
        .with_verify(verify);
    let ns = Namespace::new("bench").unwrap();
    let key = EntryKey::new(KeyParts {
        format: 1,
        namespace: ns,
        parts: vec![],
    });
    let pats = ["node_modules/**/*".to_owned()];
    let root = |dir: &Path| {
        [Root {
            id: "src",
            dir: Box::leak(Box::new(dir.to_owned())),
            patterns: Box::leak(Box::new(pats.clone())),
        }]
    };
    let t = Instant::now();
    let s = store.save(&key, &root(&tree), 0).unwrap();
    println!("save first       {:?} {:?}", t.elapsed(), s);
    let t = Instant::now();
    let s = store.save(&key, &root(&tree), 0).unwrap();
    println!("save same        {:?} {:?}", t.elapsed(), s);
    for i in 0..4 {
        let back = base.join(format!("back{i}"));
        let t = Instant::now();
        let r = store.restore(&key, &root(&back)).unwrap();
        println!(
            "restore          {:?} {:?}",
            t.elapsed(),
            matches!(r, Restored::Hit(_))
        );
        let t = Instant::now();
        let s = store.save(&key, &root(&back), 0).unwrap();
        println!("save restored    {:?} {:?}", t.elapsed(), s);
        if i == 1 {
            // one per cent
            let mut n = 0;
            let mut stack = vec![back.join("node_modules")];
            while let Some(d) = stack.pop() {
                for e in std::fs::read_dir(&d).unwrap() {
                    let e = e.unwrap();
                    if e.file_type().unwrap().is_dir() {
                        stack.push(e.path());
                        continue;
                    }
                    if !e.file_type().unwrap().is_file() {
                        continue;
                    }
                    n += 1;
                    if n % 100 == 0 {
                        std::fs::write(e.path(), format!("changed {n}")).unwrap();
                    }
                }
            }
            let t = Instant::now();
            let s = store.save(&key, &root(&back), 0).unwrap();
            println!("save one percent {:?} {:?}", t.elapsed(), s);
        }
    }
}
