//! Reads the rule files and embeds them in a compact form, so that no start of the program has to read TOML.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

#[path = "src/detect/rules/schema.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses the rest")]
mod schema;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/detect/rules/schema.rs");
    let mut paths =
        fs::read_dir("rules")?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut files: Vec<(String, schema::File)> = Vec::new();
    for path in paths {
        let name = format!("rules/{}", path.file_name().unwrap_or_default().to_string_lossy());
        let file = toml::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{name}: {error}"))?;
        files.push((name, file));
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("rules.bin"), postcard::to_allocvec(&files)?)?;
    Ok(())
}
