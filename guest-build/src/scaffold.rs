//! A new plugin's folder, complete: it builds without this repository.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use include_dir::{Dir, include_dir};

static RUST_SDK_SOURCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../guest-sdk/rust/src");
static JS_SDK_SOURCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../guest-sdk/js/src");
static JS_SDK_MANIFEST: &str = include_str!("../../guest-sdk/js/package.json");
static JS_SDK_README: &str = include_str!("../../guest-sdk/js/README.md");
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../wit");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Where each template goes.
const RUST_PLACES: &[(&str, &str)] = &[
    ("plugin.toml", "Cargo.toml"),
    ("lib.rs", "src/lib.rs"),
    ("README.md", "README.md"),
    ("gitignore", ".gitignore"),
    ("sdk.toml", "kafka-do-sdk/Cargo.toml"),
];
const JS_PLACES: &[(&str, &str)] = &[
    ("js/package.json", "package.json"),
    ("js/index.js", "src/index.js"),
    ("js/index.test.js", "test/index.test.js"),
    ("js/README.md", "README.md"),
    ("js/gitignore", ".gitignore"),
];

/// What a new plugin is written in. `rust` and `js` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    JavaScript,
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, UnknownLanguage> {
        match name {
            "rust" => Ok(Self::Rust),
            "js" => Ok(Self::JavaScript),
            _ => Err(UnknownLanguage),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "rust",
            Self::JavaScript => "js",
        })
    }
}

/// A name that is not a [`Language`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownLanguage;

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plugins are started in rust or js")
    }
}

impl std::error::Error for UnknownLanguage {}

const NAME_BYTES_MAX: usize = 64;
const SDK: &str = "kafka-do-sdk";

/// Names that cargo, or the language, keeps for itself.
const RESERVED: &[&str] = &[
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// A plugin's folder that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffold {
    pub dir: PathBuf,
    /// The author's own files, relative to `dir`; the SDK beside them is not listed.
    pub files: Vec<PathBuf>,
}

/// Starts a plugin in Rust: see [`scaffold_in`].
pub fn scaffold(dir: &Path, name: &str) -> Result<Scaffold> {
    scaffold_in(Language::Rust, dir, name)
}

/// Starts a plugin in a folder, which is new or empty: a small processor with its test, and the SDK beside it.
pub fn scaffold_in(language: Language, dir: &Path, name: &str) -> Result<Scaffold> {
    check_name(language, name)?;
    let is_taken = dir.is_file() || fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        bail!("{} is not empty; name a folder that does not exist yet", dir.display());
    }

    let places = match language {
        Language::Rust => RUST_PLACES,
        Language::JavaScript => JS_PLACES,
    };
    let mut files = Vec::new();
    for &(template, place) in places {
        let text = TEMPLATES.get_file(template).and_then(|file| file.contents_utf8());
        let text = text.with_context(|| format!("this build carries no {template}"))?;
        let text = text.replace("{{name}}", name).replace("{{version}}", env!("CARGO_PKG_VERSION"));
        write(&dir.join(place), text.as_bytes())?;
        if !place.starts_with("kafka-do-sdk/") {
            files.push(place.into());
        }
    }
    let sdk = dir.join(SDK);
    match language {
        Language::Rust => copy(&RUST_SDK_SOURCE, &sdk.join("src"))?,
        Language::JavaScript => {
            copy(&JS_SDK_SOURCE, &sdk.join("src"))?;
            write(&sdk.join("package.json"), JS_SDK_MANIFEST.as_bytes())?;
            write(&sdk.join("README.md"), JS_SDK_README.as_bytes())?;
        }
    }
    copy(&WIT, &sdk.join("wit"))?;
    Ok(Scaffold { dir: dir.to_owned(), files })
}

fn check_name(language: Language, name: &str) -> Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let reads_well =
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !name.ends_with('-');
    if !starts_well || !reads_well || name.len() > NAME_BYTES_MAX {
        bail!(
            "{name:?} is no name for a plugin: take lowercase letters, digits and hyphens (at most {NAME_BYTES_MAX}), a letter \
             first, as in large-orders"
        );
    }
    if language == Language::Rust && RESERVED.contains(&name) {
        bail!("{name} is a name that Rust keeps for itself; take another, as in my-{name}");
    }
    if name == SDK {
        bail!("{name} is the name of the SDK; take another, as in my-{name}");
    }
    Ok(())
}

fn copy(from: &Dir<'_>, to: &Path) -> Result<()> {
    for file in from.files() {
        write(&to.join(file.path()), file.contents())?;
    }
    from.dirs().try_for_each(|dir| copy(dir, to))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, bytes)).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_new_folder_holds_all_that_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("large-orders");
        let made = scaffold(&dir, "large-orders").unwrap();

        for file in ["Cargo.toml", "src/lib.rs", "README.md", ".gitignore"] {
            assert!(made.files.contains(&file.into()), "{file}");
        }
        for file in made.files {
            let text = fs::read_to_string(dir.join(&file)).unwrap();
            assert!(!text.contains("{{"), "{} has a placeholder left", file.display());
        }
        for file in ["Cargo.toml", "src/lib.rs", "src/json/extract.rs", "wit/types.wit", "wit/deps/http.wit"] {
            assert!(dir.join("kafka-do-sdk").join(file).is_file(), "{file}");
        }
        let manifest: toml::Table = fs::read_to_string(dir.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("large-orders"));
    }

    #[test]
    fn a_new_folder_in_javascript_holds_all_that_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("large-orders");
        let made = scaffold_in(Language::JavaScript, &dir, "large-orders").unwrap();

        for file in ["package.json", "src/index.js", "test/index.test.js", "README.md", ".gitignore"] {
            assert!(made.files.contains(&file.into()), "{file}");
        }
        for file in made.files {
            let text = fs::read_to_string(dir.join(&file)).unwrap();
            assert!(!text.contains("{{"), "{} has a placeholder left", file.display());
        }
        for file in
            ["package.json", "README.md", "src/cli.js", "src/testing/harness.js", "wit/columns.wit", "wit/deps/io.wit"]
        {
            assert!(dir.join("kafka-do-sdk").join(file).is_file(), "{file}");
        }
        let read = |path: &str| -> serde_json::Value {
            serde_json::from_str(&fs::read_to_string(dir.join(path)).unwrap()).unwrap()
        };
        assert_eq!(read("package.json")["name"], "large-orders");
        // What builds the component is told to the digit: another version makes another component.
        for (name, version) in read("kafka-do-sdk/package.json")["dependencies"].as_object().unwrap() {
            let version = version.as_str().unwrap();
            assert!(version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{name} {version}");
        }
        assert_eq!(read("kafka-do-sdk/package.json")["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn languages_have_names() {
        for language in [Language::Rust, Language::JavaScript] {
            assert_eq!(language.to_string().parse(), Ok(language));
        }
        assert_eq!("cobol".parse::<Language>(), Err(UnknownLanguage));
    }

    #[test]
    fn an_empty_folder_is_taken_and_a_full_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        scaffold(folder.path(), "a").unwrap();
        let refused = scaffold(folder.path(), "a").unwrap_err().to_string();
        assert!(refused.contains("is not empty"), "{refused}");
    }

    #[test]
    fn names_that_cannot_be_are_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new");
        for name in ["", "Orders", "1st", "-a", "a-", "a_b", "a/b", "é", "match", "kafka-do-sdk", &"a".repeat(65)] {
            assert!(scaffold(&dir, name).is_err(), "{name}");
        }
        assert!(!dir.exists());
    }

    /// The vendored SDK cannot inherit from the workspace, so its manifest says the same in its own words.
    #[test]
    fn the_vendored_manifests_agree_with_the_workspace() {
        let read = |path: &str| -> toml::Table {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap().parse().unwrap()
        };
        let workspace = read("../Cargo.toml");
        let (sdk, vendored, plugin) =
            (read("../guest-sdk/rust/Cargo.toml"), read("templates/sdk.toml"), read("templates/plugin.toml"));

        let names = |manifest: &toml::Table| {
            manifest["dependencies"].as_table().unwrap().keys().cloned().collect::<BTreeSet<_>>()
        };
        assert_eq!(names(&sdk), names(&vendored));
        assert_eq!(sdk["features"], vendored["features"]);
        for name in names(&vendored) {
            let told = |dependency: &toml::Value| match dependency {
                toml::Value::Table(table) => table.clone(),
                version => toml::Table::from_iter([("version".to_owned(), version.clone())]),
            };
            let mut vendored = told(&vendored["dependencies"][&name]);
            // What is optional is said where it is used, and not in the workspace.
            let is_optional = vendored.remove("optional");
            assert_eq!(vendored, told(&workspace["workspace"]["dependencies"][&name]), "{name}");
            assert_eq!(is_optional.as_ref(), sdk["dependencies"][&name].get("optional"), "{name}");
        }
        assert_eq!(plugin["profile"]["guest"], workspace["profile"]["guest"]);
        for field in ["edition", "rust-version"] {
            assert_eq!(vendored["package"][field], workspace["workspace"]["package"][field], "{field}");
            assert_eq!(plugin["package"][field], workspace["workspace"]["package"][field], "{field}");
        }
    }
}
