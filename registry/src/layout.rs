//! Where things stand in a home, and what an operator means by `obs` or `./package`.

use if_core::Word;
use std::path::{Path, PathBuf};

/// The places of one home. Paths only; nothing needs to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub home: PathBuf,
}

impl Layout {
    /// Installed packages, one folder per provider word.
    pub fn plugins_dir(&self) -> PathBuf {
        self.home.join("plugins")
    }

    /// An installed package.
    pub fn plugin_dir(&self, provider: &Word) -> PathBuf {
        self.plugins_dir().join(provider.as_str())
    }

    /// Private keys, 0700.
    pub fn keys_dir(&self) -> PathBuf {
        self.home.join("keys")
    }

    /// The key `init` made: PKCS#8 PEM, 0600.
    pub fn root_key_file(&self) -> PathBuf {
        self.keys_dir().join("root.key")
    }

    /// The signed trust files.
    pub fn trust_dir(&self) -> PathBuf {
        self.home.join("trust")
    }

    pub fn root_file(&self) -> PathBuf {
        self.trust_dir().join("root.json")
    }

    pub fn allow_file(&self) -> PathBuf {
        self.trust_dir().join("allow.json")
    }

    pub fn deny_file(&self) -> PathBuf {
        self.trust_dir().join("deny.json")
    }

    /// What is installed, to the digest, as the operator signed it; where it stands, whatever is
    /// installed is held against it.
    pub fn lock_file(&self) -> PathBuf {
        self.trust_dir().join("lock.json")
    }

    /// The signature over the set of policies, where the root asks for one.
    pub fn policy_set_file(&self) -> PathBuf {
        self.trust_dir().join("policies.json")
    }

    /// The index of installed commands; a hint, made again whenever something is installed.
    pub fn index_path(&self) -> PathBuf {
        self.home.join("commands.idx")
    }
}

/// A package: installed under its word, or in a folder of the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Installed(Word),
    Folder(PathBuf),
}

impl Target {
    /// What `text` means: the word of an installed plugin, else a folder. A folder that happens to
    /// be called like an installed plugin is written `./obs`.
    pub fn of(layout: &Layout, text: &str) -> Target {
        match Word::new(text) {
            Ok(word) if layout.plugin_dir(&word).is_dir() || !Path::new(text).exists() => {
                Target::Installed(word)
            }
            _ => Target::Folder(PathBuf::from(text)),
        }
    }

    /// Where its files are.
    pub fn dir(&self, layout: &Layout) -> PathBuf {
        match self {
            Target::Installed(word) => layout.plugin_dir(word),
            Target::Folder(path) => path.clone(),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Installed(word) => write!(f, "{word}"),
            Target::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}
