//! What a file is, before any of it is compiled: a component or not, which contract it exports, what it
//! imports. Reads names only; validation of the code comes with compiling.

use wasmparser::{ComponentExternName, Encoding, Parser, Payload};
use wharf_types::Features;

/// Package of the contract.
const PACKAGE: &str = "wharf:provider/";
/// The interface every provider exports.
const PROVIDER: &str = "provider";
/// The interfaces a provider may export besides.
const EMBEDDINGS: &str = "embeddings";
const TOKENS: &str = "tokens";
const MODELS: &str = "models";
/// Contract versions this host supports.
pub const SUPPORTED: &str = "0.1.0";
/// Namespaces whose interfaces the host offers: all of WASI 0.2 (mostly denied), and the contract's own.
const OFFERED: [&str; 7] = [
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:cli/",
    "wasi:filesystem/",
    "wasi:sockets/",
    "wasi:http/",
];
/// The contract's interfaces that a provider may import.
const OFFERED_OWN: [&str; 3] = ["wharf:provider/types", "wharf:provider/config", "wharf:provider/log"];

/// The outside of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What it imports, in order, with versions.
    pub imports: Vec<String>,
    /// What it exports, in order, with versions.
    pub exports: Vec<String>,
}

/// Why a file is no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAProvider {
    /// Not WebAssembly.
    #[error("it is not a WebAssembly file")]
    NotWasm,
    /// WebAssembly, but not a component.
    #[error("it is a core WebAssembly module, not a component")]
    CoreModule,
    /// Broken.
    #[error("it is damaged: {0}")]
    Malformed(String),
    /// A component for something else.
    #[error("it is a component, but not a Wharf provider: it does not export {PACKAGE}{PROVIDER} (it exports {})", list(.0))]
    WrongWorld(Vec<String>),
    /// A provider for another host.
    #[error("it is built for wharf:provider@{found}, this host supports {SUPPORTED}")]
    UnknownVersion {
        /// The version it is built for.
        found: String,
    },
    /// One of its optional interfaces is for another host.
    #[error("its interface `{interface}` is built for wharf:provider@{found}, this host supports {SUPPORTED}")]
    UnknownInterfaceVersion {
        /// The interface.
        interface: String,
        /// The version it is built for.
        found: String,
    },
    /// It wants something that no host gives it.
    #[error("it asks for {}, which this host does not offer", list(.0))]
    UnknownImport(Vec<String>),
}

impl NotAProvider {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotWasm => "only provider components belong into the plugin directory; remove the file",
            Self::CoreModule => {
                "build it as a component: `cargo build --target wasm32-wasip2` in Rust, `componentize-py` in Python, \
                 `jco componentize` in JavaScript"
            }
            Self::Malformed(_) => "copy or download the file again; it may be cut off",
            Self::WrongWorld(_) => "build it against the world `ai-provider` in wit/",
            Self::UnknownVersion { .. } | Self::UnknownInterfaceVersion { .. } => {
                "upgrade the host, or rebuild the provider with the 0.1 SDK"
            }
            Self::UnknownImport(_) => "a provider may import wasi 0.2 interfaces and wharf:provider; remove the others",
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}

/// Reads the outline of a component.
///
/// # Errors
/// When the bytes are not a component.
pub fn outline(bytes: &[u8]) -> Result<Outline, NotAProvider> {
    if !bytes.starts_with(b"\0asm") {
        return Err(NotAProvider::NotWasm);
    }
    let malformed = |e: wasmparser::BinaryReaderError| NotAProvider::Malformed(e.to_string());
    let mut outline = Outline {
        imports: Vec::new(),
        exports: Vec::new(),
    };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => return Err(NotAProvider::CoreModule),
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    outline.imports.push(name(&import.map_err(malformed)?.name));
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    outline.exports.push(name(&export.map_err(malformed)?.name));
                }
            }
            _ => {}
        }
    }
    Ok(outline)
}

fn name(name: &ComponentExternName<'_>) -> String {
    name.name.to_owned()
}

impl Outline {
    /// Checks that it is a provider for this host.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub fn check(&self) -> Result<(), NotAProvider> {
        let own = |name: &str| {
            let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
            (interface == PROVIDER).then(|| version.to_owned())
        };
        match self.exports.iter().find_map(|name| own(name)) {
            None => return Err(NotAProvider::WrongWorld(self.exports.clone())),
            Some(version) if version == SUPPORTED => {}
            Some(found) => return Err(NotAProvider::UnknownVersion { found }),
        }
        for interface in [EMBEDDINGS, TOKENS, MODELS] {
            if let Some(found) = self.foreign(interface) {
                let interface = interface.to_owned();
                return Err(NotAProvider::UnknownInterfaceVersion { interface, found });
            }
        }
        let unknown: Vec<String> = self.imports.iter().filter(|name| !is_offered(name)).cloned().collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(NotAProvider::UnknownImport(unknown))
        }
    }

    /// Which optional interfaces it exports.
    #[must_use]
    pub fn features(&self) -> Features {
        let has = |interface: &str| self.versions(interface).any(|version| version == SUPPORTED);
        Features {
            embeddings: has(EMBEDDINGS),
            tokens: has(TOKENS),
            models: has(MODELS),
        }
    }

    /// The version of an optional interface that it exports in no version this host supports.
    fn foreign(&self, interface: &str) -> Option<String> {
        let mut versions = self.versions(interface).peekable();
        let first = versions.peek().map(|version| (*version).to_owned());
        first.filter(|_| !versions.any(|version| version == SUPPORTED))
    }

    /// The versions in which it exports an interface of the contract.
    fn versions<'a>(&'a self, interface: &'a str) -> impl Iterator<Item = &'a str> {
        self.exports.iter().filter_map(move |name| {
            let (found, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
            (found == interface).then_some(version)
        })
    }
}

fn is_offered(name: &str) -> bool {
    let Some((interface, version)) = name.split_once('@') else {
        return false;
    };
    if OFFERED_OWN.contains(&interface) {
        return version == SUPPORTED;
    }
    version.starts_with("0.2.") && OFFERED.iter().any(|namespace| interface.starts_with(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline_of(imports: &[&str], exports: &[&str]) -> Outline {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        Outline {
            imports: owned(imports),
            exports: owned(exports),
        }
    }

    #[test]
    fn files_that_are_no_components_are_told_apart() {
        assert_eq!(outline(b"hello"), Err(NotAProvider::NotWasm));
        assert_eq!(outline(b""), Err(NotAProvider::NotWasm));
        assert_eq!(outline(b"\0asm\x01\0\0\0"), Err(NotAProvider::CoreModule));
        assert!(matches!(
            outline(b"\0asm\x0d\0\x01\0\xff"),
            Err(NotAProvider::Malformed(_))
        ));
        assert!(matches!(outline(b"\0asm"), Err(NotAProvider::Malformed(_))));
    }

    #[test]
    fn optional_interfaces_are_found_by_their_exports() {
        let provider = "wharf:provider/provider@0.1.0";
        let none = outline_of(&[], &[provider]);
        assert_eq!(none.features(), Features::default());
        let some = outline_of(
            &[],
            &[
                "wharf:provider/tokens@0.1.0",
                provider,
                "acme:db/models@0.1.0",
                "wharf:provider/embeddings@0.1.0",
            ],
        );
        assert_eq!(some.check(), Ok(()));
        let expected = Features {
            embeddings: true,
            tokens: true,
            models: false,
        };
        assert_eq!(
            some.features(),
            expected,
            "another package's interface of that name is no feature"
        );
    }

    #[test]
    fn an_optional_interface_of_another_version_is_named() {
        let provider = "wharf:provider/provider@0.1.0";
        let newer = outline_of(&[], &[provider, "wharf:provider/models@0.2.0"]);
        let refused = newer.check().unwrap_err();
        for word in ["`models`", "0.2.0", SUPPORTED] {
            assert!(refused.to_string().contains(word), "{refused}");
        }
        assert!(refused.remedy().contains("rebuild"), "{}", refused.remedy());
        let both = outline_of(
            &[],
            &[provider, "wharf:provider/models@0.2.0", "wharf:provider/models@0.1.0"],
        );
        assert_eq!(both.check(), Ok(()), "one version that this host supports is enough");
        assert!(both.features().models);
    }

    #[test]
    fn world_version_and_imports_each_have_their_error() {
        let provider = "wharf:provider/provider@0.1.0";
        assert_eq!(
            outline_of(&["wasi:io/streams@0.2.6", "wharf:provider/log@0.1.0"], &[provider]).check(),
            Ok(())
        );
        let wrong = outline_of(&[], &["wasi:cli/run@0.2.0"]).check();
        assert!(matches!(wrong, Err(NotAProvider::WrongWorld(_))), "{wrong:?}");
        let newer = outline_of(&[], &["wharf:provider/provider@0.3.0"]).check().unwrap_err();
        assert!(
            newer.to_string().contains("0.3.0") && newer.to_string().contains(SUPPORTED),
            "{newer}"
        );
        for import in [
            "acme:db/query@1.0.0",
            "wasi:keyvalue/store@0.2.0",
            "wasi:io/streams@0.3.0",
            "plain",
        ] {
            let refused = outline_of(&[import], &[provider]).check().unwrap_err();
            assert!(refused.to_string().contains(import), "{refused}");
        }
    }
}
