//! What no compiler checks about the tree itself: file heads, file lengths, names, the direction of dependencies,
//! and that what the documents say about recipes and configuration is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use wharf_tests::root;

/// Lines of a source file without its tests. Longer files hold more than one thought.
const MAX_LINES: usize = 400;
/// Where the project's Rust is.
const SOURCES: [&str; 4] = ["host", "sdk", "providers", "tests"];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];

/// What must not be anywhere among the dependencies of a package, however far down.
const FORBIDDEN: [(&str, &[&str]); 4] = [
    (
        "wharf-types",
        &[
            "tokio",
            "serde",
            "wasmtime",
            "hyper",
            "axum",
            "wharf-policy",
            "wharf-runtime",
            "wharf",
        ],
    ),
    (
        "wharf-policy",
        &["wasmtime", "hyper", "axum", "serde", "wharf-runtime", "wharf"],
    ),
    ("wharf-runtime", &["axum", "clap", "wharf-policy", "wharf"]),
    ("wharf", &["axum", "clap", "wharf-server"]),
];
/// The crates of the host; what runs inside the sandbox knows none of them.
const HOST: [&str; 5] = ["wharf-types", "wharf-policy", "wharf-runtime", "wharf", "wharf-server"];
/// Only this package speaks HTTP to clients and reads a command line.
const SERVER: &str = "wharf-server";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{} must be readable: {error}", path.display()))
}

/// All files with this extension below a folder of the repository, by their paths from the root.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{} must be readable: {error}", folder.display())) {
            let entry = entry.expect("an entry of a folder must be readable");
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("an entry has a type").is_dir() {
                let name = entry.file_name();
                let theirs = name == "target" || name == "node_modules" || name.as_encoded_bytes().starts_with(b".");
                if !theirs {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// All Rust files of the project with their texts.
fn sources() -> Vec<(PathBuf, String)> {
    let paths = SOURCES.iter().flat_map(|folder| files(folder, "rs"));
    paths.map(|path| (path.clone(), read(&root().join(path)))).collect()
}

/// Fails with all that was found, a line each.
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

// ---- files ----------------------------------------------------------------------------------------------------

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    none("these files must start with a `//!` comment", &silent);
}

#[test]
fn no_file_holds_more_than_one_thought() {
    let mut long = Vec::new();
    for (path, text) in sources() {
        let lines = lines_without_tests(&text);
        if !is_test(&path) && lines > MAX_LINES {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    none(
        &format!("these files must be split, {MAX_LINES} lines are the limit"),
        &long,
    );
}

/// Files that hold nothing but tests.
fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.components().any(|component| component.as_os_str() == "tests");
    folder || name == "tests.rs" || name.ends_with("_tests.rs")
}

/// The lines of a file that are not in one of its `#[cfg(test)] mod name { … }`.
fn lines_without_tests(text: &str) -> usize {
    let mut lines = text.lines();
    let mut count = 0;
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            count += 1;
            continue;
        }
        let header = lines
            .find(|line| !line.trim_start().starts_with("#["))
            .unwrap_or_default();
        let item = header.trim_start();
        if item.starts_with("mod ") && item.ends_with('{') {
            let end = format!("{}}}", " ".repeat(header.len() - item.len()));
            let _ = lines.find(|line| *line == end);
        }
    }
    count
}

#[test]
fn lines_of_tests_do_not_count() {
    let text = "one\n\
        #[cfg(test)]\n#[path = \"far.rs\"]\nmod far;\n\
        two\n\
        #[cfg(test)]\nmod near {\n    fn f() {\n    }\n}\n\
        three\n";
    assert_eq!(lines_without_tests(text), 3);
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let empty = |path: &PathBuf| {
        let names = path.with_extension("");
        names.iter().any(|name| EMPTY_NAMES.iter().any(|empty| name == *empty))
    };
    let found: Vec<String> = SOURCES
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .filter(empty)
        .map(|path| path.display().to_string())
        .collect();
    none("these files must be named after what is in them", &found);
}

#[test]
fn nothing_is_skipped_and_nothing_is_left_for_later() {
    // In two halves each, since this file is looked at too.
    let needles = [("#[ign", "ore"), ("to", "do!("), ("unimple", "mented!(")].map(|(a, b)| format!("{a}{b}"));
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (at, line) in text.lines().enumerate() {
            if needles.iter().any(|needle| line.contains(needle.as_str())) {
                found.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    none("a test runs or is deleted, a function works or is not there", &found);
}

#[test]
fn no_test_of_a_policy_uses_real_time() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        if !path.starts_with("host/policy") {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            let awake = line.contains("#[tokio::test") && !line.contains("start_paused = true");
            let runtime = line.contains("new_multi_thread") || line.contains("enable_io");
            if awake || runtime || line.contains("thread::sleep") {
                found.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    none("these tests need `start_paused = true`, or time as an argument", &found);
}

// ---- dependencies ---------------------------------------------------------------------------------------------

/// One package of the workspace.
struct Manifest {
    path: PathBuf,
    name: String,
    table: toml::Table,
}

/// Sections of a manifest that are in what is built, and the one that is only in its tests.
const BUILT: [&str; 2] = ["dependencies", "build-dependencies"];
const TESTED: &str = "dev-dependencies";

impl Manifest {
    fn read(path: PathBuf) -> Self {
        let table: toml::Table = read(&root().join(&path))
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = table
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str);
        let name = name
            .unwrap_or_else(|| panic!("{} must name its package", path.display()))
            .to_owned();
        Self { path, name, table }
    }

    /// The packages that these sections name, for all platforms.
    fn direct(&self, sections: &[&str]) -> BTreeSet<String> {
        let platforms = self.table.get("target").and_then(toml::Value::as_table);
        let platforms = platforms
            .into_iter()
            .flat_map(|all| all.values())
            .filter_map(toml::Value::as_table);
        let mut found = BTreeSet::new();
        for table in std::iter::once(&self.table).chain(platforms) {
            for section in sections {
                let dependencies = table.get(*section).and_then(toml::Value::as_table);
                for (key, value) in dependencies.into_iter().flatten() {
                    let renamed = value.get("package").and_then(toml::Value::as_str);
                    found.insert(renamed.unwrap_or(key).to_owned());
                }
            }
        }
        found
    }

    /// Whether it runs inside the sandbox.
    fn is_guest(&self) -> bool {
        ["sdk", "providers", "tests/guests"]
            .iter()
            .any(|folder| self.path.starts_with(folder))
    }

    /// Whether it is a provider: a component of its own, which an operator installs or leaves out.
    fn is_provider(&self) -> bool {
        self.path.starts_with("providers")
    }
}

fn manifests() -> Vec<Manifest> {
    let workspace: toml::Table = read(&root().join("Cargo.toml"))
        .parse()
        .expect("Cargo.toml must be TOML");
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("the workspace has a list of members");
    let folders = members.iter().filter_map(toml::Value::as_str);
    let all: Vec<Manifest> = folders
        .map(|folder| Manifest::read(Path::new(folder).join("Cargo.toml")))
        .collect();
    for name in HOST {
        assert!(
            all.iter().any(|manifest| manifest.name == name),
            "the rules below are about {name}: where is it?"
        );
    }
    all
}

#[test]
fn manifests_keep_the_direction_of_dependencies() {
    let all = manifests();
    let providers = all.iter().filter(|manifest| manifest.is_provider());
    let providers: Vec<&str> = providers.map(|manifest| manifest.name.as_str()).collect();
    let mut wrong = Vec::new();
    for manifest in &all {
        let mut refuse = |found: &BTreeSet<String>, banned: &[&str]| {
            for name in banned.iter().filter(|name| found.contains(**name)) {
                wrong.push(format!("{}: {name}", manifest.path.display()));
            }
        };
        let built = manifest.direct(&BUILT);
        for (_, banned) in FORBIDDEN.iter().filter(|(name, _)| *name == manifest.name) {
            refuse(&built, banned);
        }
        if manifest.name != SERVER {
            refuse(&built, &["axum", "clap"]);
        }
        if manifest.is_guest() {
            let used = manifest.direct(&[BUILT[0], BUILT[1], TESTED]);
            refuse(&used, &HOST);
            // What several providers share is a crate in `sdk/`.
            refuse(&used, &providers);
        }
    }
    none("these dependencies go the wrong way", &wrong);
}

/// Everything that is built into each package, by name.
struct Tree {
    /// From the identifier of a package to its name.
    names: BTreeMap<String, String>,
    /// From the identifier of a package to those of its dependencies, without those of tests and build scripts.
    edges: BTreeMap<String, Vec<String>>,
}

impl Tree {
    fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--offline", "--locked"])
            .current_dir(root())
            .output()
            .expect("cargo must start");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "`cargo metadata` must work; is Cargo.lock up to date?\n{errors}"
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("`cargo metadata` writes JSON");
        let text = |value: &Value| value.as_str().expect("names and identifiers are strings").to_owned();
        let list = |value: &Value| value.as_array().expect("packages and dependencies are lists").clone();
        let packages = list(&metadata["packages"]);
        let names = packages
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let mut edges = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let built = list(&node["deps"])
                .iter()
                .filter(|dependency| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()))
                .map(|dependency| text(&dependency["pkg"]))
                .collect();
            edges.insert(text(&node["id"]), built);
        }
        Self { names, edges }
    }

    /// How a package gets to each of its dependencies: the name, and the names on the way.
    fn below(&self, package: &str) -> BTreeMap<String, String> {
        let mut open: Vec<(&String, String)> = self
            .names
            .iter()
            .filter(|(_, name)| *name == package)
            .map(|(id, name)| (id, name.clone()))
            .collect();
        assert_eq!(open.len(), 1, "there must be one package {package}");
        let mut ways = BTreeMap::new();
        let mut seen = BTreeSet::new();
        while let Some((id, way)) = open.pop() {
            for next in self.edges.get(id).into_iter().flatten() {
                if seen.insert(next) {
                    let name = &self.names[next];
                    let way = format!("{way} → {name}");
                    ways.insert(name.clone(), way.clone());
                    open.push((next, way));
                }
            }
        }
        ways
    }
}

#[test]
fn nothing_far_down_breaks_the_direction_of_dependencies() {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for (package, banned) in FORBIDDEN {
        let below = tree.below(package);
        wrong.extend(banned.iter().filter_map(|name| below.get(*name).cloned()));
    }
    for manifest in manifests() {
        let below = tree.below(&manifest.name);
        if manifest.is_guest() {
            wrong.extend(HOST.iter().filter_map(|name| below.get(*name).cloned()));
        }
    }
    none("these packages must not be reached", &wrong);
}

#[test]
fn no_package_is_used_that_deny_toml_bans() {
    let deny: toml::Table = read(&root().join("deny.toml")).parse().expect("deny.toml must be TOML");
    let bans = deny
        .get("bans")
        .and_then(|bans| bans.get("deny"))
        .and_then(toml::Value::as_array);
    let bans = bans.expect("deny.toml must have a list `bans.deny`");
    let names: BTreeSet<String> = Tree::read().names.into_values().collect();
    let used: Vec<String> = bans
        .iter()
        .filter_map(|ban| ban.get("crate").and_then(toml::Value::as_str))
        .filter(|name| names.contains(*name))
        .map(str::to_owned)
        .collect();
    none("these packages are banned, deny.toml says why", &used);
}

// ---- documents ------------------------------------------------------------------------------------------------

/// The recipes of the justfile.
fn recipes() -> BTreeSet<String> {
    let text = read(&root().join("justfile"));
    let heads = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let heads = heads
        .filter(|line| !line.contains(":="))
        .filter_map(|line| line.split_once(':'));
    heads
        .filter_map(|(head, _)| head.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The recipes that a document runs: the word after `just` or `./justw` wherever it is written as code.
fn recipes_in(document: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut block = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
            continue;
        }
        let code: Vec<&str> = if block {
            vec![line]
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        for code in code {
            let words: Vec<&str> = code
                .split_whitespace()
                .take_while(|word| !word.starts_with('#'))
                .collect();
            for pair in words.windows(2) {
                let recipe = pair[1].trim_end_matches([';', ',', ')', '.']);
                let named = recipe.starts_with(|c: char| c.is_ascii_lowercase());
                if matches!(pair[0], "just" | "./justw") && named {
                    found.insert(recipe.to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn recipes_are_found_where_they_are_code() {
    let text = "We just build it with `./justw build`.\n\n```sh\n./justw demo   # just for you\n./justw --list\n```\n";
    assert_eq!(
        recipes_in(text),
        BTreeSet::from(["build".to_owned(), "demo".to_owned()])
    );
}

#[test]
fn documents_run_recipes_that_exist() {
    let known = recipes();
    assert!(known.contains("test"), "the justfile must have recipes: {known:?}");
    let mut unknown = Vec::new();
    for document in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        let path = root().join(document);
        if path.is_file() {
            let missing = recipes_in(&read(&path))
                .into_iter()
                .filter(|recipe| !known.contains(recipe));
            unknown.extend(missing.map(|recipe| format!("{document}: just {recipe}")));
        }
    }
    none("the justfile has no such recipes", &unknown);
}

#[test]
fn the_configuration_reference_is_up_to_date() {
    let path = root().join("docs/config-reference.md");
    let expected = wharf::config::reference_markdown();
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        fs::write(&path, &expected).expect("the reference must be writable");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    // Not `assert_eq`: two whole documents would say less than the first line that differs.
    let (old, new) = (
        written.lines().collect::<Vec<_>>(),
        expected.lines().collect::<Vec<_>>(),
    );
    let differs = (0..old.len().max(new.len())).find(|&at| old.get(at) != new.get(at));
    let line = differs.unwrap_or_default();
    assert!(
        written == expected,
        "docs/config-reference.md is generated; write it again with `UPDATE_EXPECT=1 ./justw test-rust --test tidy`. \
         Line {} is {:?} and must be {:?}",
        line + 1,
        old.get(line),
        new.get(line)
    );
}
