//! Builds of a function on this machine: a folder, a zip or a program, and how Lambda would run it.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use local_cloud::FunctionCode;

use crate::exit::Failure;
use crate::rows::ColumnArgs;
use crate::sample_file;

/// How to run builds if their files do not show it.
#[derive(Debug, Clone, Args)]
pub struct BuildArgs {
    /// Runtime of both builds, such as python3.13 [default: found from their files]
    #[arg(long, requires = "local")]
    runtime: Option<String>,
    /// Handler of both builds, such as app.handler [default: found from their files]
    #[arg(long, requires = "local")]
    handler: Option<String>,
}

/// Bytes of a package at most: no more than it may unpack to.
const LARGEST_ZIP: u64 = 262_144_000;
/// File names under which a handler is looked for, in this order.
const STEMS: [&str; 6] = ["lambda_function", "handler", "index", "app", "main", "function"];
const PYTHON: &str = "python3.13";
const NODE: &str = "nodejs22.x";
const PROVIDED: &str = "provided.al2023";
/// Runtimes by the extension of the handler's file.
const LANGUAGES: [(&str, &str); 4] = [("py", PYTHON), ("mjs", NODE), ("js", NODE), ("cjs", NODE)];
/// How a Node.js file exports a name, without whitespace.
const EXPORTS: [&str; 7] = [
    "exports.NAME",
    "exports[\"NAME\"]",
    "exportconstNAME",
    "exportletNAME",
    "exportvarNAME",
    "exportfunctionNAME",
    "exportasyncfunctionNAME",
];

/// The code of the build at `path`; what has to be unpacked or copied goes into `scratch`.
pub fn code(path: &Path, scratch: &Path, args: &BuildArgs) -> Result<FunctionCode, Failure> {
    let named = |e: String| Failure::bad_input(format!("build {}: {e}", path.display()));
    let folder = folder(path, scratch).map_err(named)?;
    let (runtime, handler) = match (&args.runtime, &args.handler) {
        (Some(runtime), Some(handler)) => (runtime.clone(), handler.clone()),
        (None, Some(handler)) => (runtime_of(handler, &folder).map_err(named)?, handler.clone()),
        (runtime, None) => {
            let (found, handler) = detect(&folder).map_err(named)?;
            (runtime.clone().unwrap_or(found), handler)
        }
    };
    Ok(FunctionCode::Folder { runtime, handler, folder })
}

/// A folder with the build's files: itself, what is in the zip, or the program as `bootstrap`.
fn folder(path: &Path, scratch: &Path) -> Result<PathBuf, String> {
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    let said = |e: std::io::Error| e.to_string();
    let mut file = fs::File::open(path).map_err(said)?;
    let mut start = [0; 2];
    file.read_exact(&mut start).map_err(said)?;
    fs::create_dir_all(scratch).map_err(said)?;
    if &start == b"PK" {
        let mut zip = start.to_vec();
        file.take(LARGEST_ZIP).read_to_end(&mut zip).map_err(said)?;
        if zip.len() as u64 > LARGEST_ZIP {
            return Err(format!("it is larger than {LARGEST_ZIP} bytes, which Lambda takes at most"));
        }
        local_cloud::extract(&zip, scratch).map_err(|e| e.to_string())?;
    } else if sample_file::read(path, &ColumnArgs::default()).is_ok() {
        return Err("it contains durations; to compare two such files, leave out --local".to_owned());
    } else {
        fs::copy(path, scratch.join("bootstrap")).map_err(said)?;
    }
    Ok(scratch.to_owned())
}

/// Runtime and handler by the files at the top of a folder.
fn detect(folder: &Path) -> Result<(String, String), String> {
    let bootstrap = folder.join("bootstrap");
    if let Ok(metadata) = fs::metadata(&bootstrap) {
        if metadata.permissions().mode() & 0o111 == 0 {
            return Err(format!("{} is not executable; run `chmod +x` on it", bootstrap.display()));
        }
        return Ok((PROVIDED.to_owned(), "bootstrap".to_owned()));
    }
    for stem in STEMS {
        for (extension, runtime) in LANGUAGES {
            let Ok(source) = fs::read_to_string(folder.join(stem).with_extension(extension)) else { continue };
            let function = ["handler", "lambda_handler"].into_iter().find(|name| defines(&source, name, runtime));
            if let Some(function) = function {
                return Ok((runtime.to_owned(), format!("{stem}.{function}")));
            }
        }
    }
    let names = STEMS.join(", ");
    Err(format!(
        "found no `bootstrap`, and no handler in a Python or Node.js file named {names}; use --runtime and --handler"
    ))
}

/// The runtime of a handler that is named: by the file it is in.
fn runtime_of(handler: &str, folder: &Path) -> Result<String, String> {
    if folder.join("bootstrap").exists() {
        return detect(folder).map(|(runtime, _)| runtime);
    }
    let module = handler.rsplit_once('.').map_or(handler, |(module, _)| module);
    let has_file = |(extension, runtime): &(&str, &str)| {
        let path = if *runtime == PYTHON { module.replace('.', "/") } else { module.to_owned() };
        folder.join(format!("{path}.{extension}")).is_file()
    };
    let found = LANGUAGES.iter().find(|language| has_file(language)).map(|(_, runtime)| (*runtime).to_owned());
    found.ok_or_else(|| format!("--handler {handler}: found no {module}.py, .mjs, .js or .cjs; add --runtime"))
}

fn defines(source: &str, name: &str, runtime: &str) -> bool {
    if runtime == PYTHON {
        let forms = [format!("def {name}("), format!("{name} =")];
        return source.lines().any(|line| forms.iter().any(|form| line.contains(form.as_str())));
    }
    // Bundlers spread exports over lines, or leave out every space.
    let dense: String = source.split_whitespace().collect();
    EXPORTS.iter().any(|form| dense.contains(&form.replace("NAME", name)))
        || ["export{", "module.exports={"].iter().any(|list| lists(&dense, list, name))
}

/// Whether a list of exports that begins so has this name: `NAME`, `other as NAME`, or `NAME: other`, without whitespace.
fn lists(dense: &str, begin: &str, name: &str) -> bool {
    let (renamed, key) = (format!("as{name}"), format!("{name}:"));
    let is_name = |item: &str| item == name || item.ends_with(&renamed) || item.starts_with(&key);
    dense.split(begin).skip(1).any(|rest| rest.split('}').next().unwrap_or_default().split(',').any(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(files: &[(&str, &str, u32)]) -> Result<(String, String), String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content, mode) in files {
            let file = folder.path().join(name);
            fs::write(&file, content).expect("written");
            fs::set_permissions(&file, fs::Permissions::from_mode(*mode)).expect("set");
        }
        detect(folder.path()).map_err(|e| e.replace(&folder.path().display().to_string(), "DIR"))
    }

    #[test]
    fn runtime_and_handler_are_told_from_the_files() {
        for (name, content, mode, runtime, handler) in [
            ("bootstrap", "#!/bin/sh", 0o755, PROVIDED, "bootstrap"),
            (
                "lambda_function.py",
                "def lambda_handler(event, context):\n    pass\n",
                0o644,
                PYTHON,
                "lambda_function.lambda_handler",
            ),
            ("app.py", "async_ = 1\ndef handler(event, context): pass\n", 0o644, PYTHON, "app.handler"),
            ("index.mjs", "export const handler = async () => {};\n", 0o644, NODE, "index.handler"),
            ("index.js", "exports.handler = async () => {};\n", 0o644, NODE, "index.handler"),
            // As esbuild writes bundles: CommonJS, a module, and both minified.
            ("index.js", "0 && (module.exports = {\n  config,\n  handler\n});\n", 0o644, NODE, "index.handler"),
            ("index.mjs", "var main = 1;\nexport {\n  main as handler\n};\n", 0o644, NODE, "index.handler"),
            ("index.cjs", "var a=1;0&&(module.exports={handler});", 0o644, NODE, "index.handler"),
            ("index.mjs", "var a=1;export{a as handler};", 0o644, NODE, "index.handler"),
        ] {
            assert_eq!(detected(&[(name, content, mode)]), Ok((runtime.to_owned(), handler.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_handler_that_is_named_tells_its_runtime() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("src")).expect("created");
        for file in ["index.mjs", "src/app.py"] {
            fs::write(folder.path().join(file), "").expect("written");
        }
        let found = ["index.handler", "src/app.run", "src.app.run"].map(|handler| runtime_of(handler, folder.path()));
        assert_eq!(found, [NODE, PYTHON, PYTHON].map(|runtime| Ok(runtime.to_owned())));
        let error = runtime_of("other.handler", folder.path()).expect_err("no such file");
        let words = "--handler other.handler: found no other.py, .mjs, .js or .cjs; add --runtime";
        assert_eq!(error, words);
    }

    #[test]
    fn what_cannot_be_told_is_asked_for() {
        assert_eq!(
            detected(&[("bootstrap", "", 0o644)]),
            Err("DIR/bootstrap is not executable; run `chmod +x` on it".to_owned())
        );
        let error = detected(&[("app.py", "print(1)\n", 0o644)]).expect_err("no handler");
        assert!(error.ends_with("use --runtime and --handler"), "{error}");
    }
}
