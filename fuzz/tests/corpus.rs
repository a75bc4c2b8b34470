//! What fuzzing began with and what it found is tried at every run of the tests.

use std::{fs, path::Path};

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, check) in podshell_fuzz::CHECKS {
        let files: Vec<_> = fs::read_dir(corpus.join(name)).unwrap().collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            let path = file.unwrap().path();
            let data = fs::read(&path).unwrap();
            eprintln!("{}", path.display());
            check(&data);
            // and every beginning of it
            for end in 0..data.len() {
                check(&data[..end]);
            }
        }
    }
}
