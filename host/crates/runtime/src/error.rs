//! Why a component cannot be made ready to run. How a running call ends is `CallError`.

use if_core::{Code, Explain, Problem};
use std::path::PathBuf;

/// Errors of opening a runtime and preparing a component.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The machine or our own settings do not allow an engine.
    #[error("cannot set up the sandbox: {0}")]
    Engine(String),
    /// Compiled code may only lie where nobody else writes.
    #[error("cache folder `{path}` {why}")]
    CacheUnsafe { path: PathBuf, why: &'static str },
    #[error("cannot use cache folder `{path}`")]
    Cache { path: PathBuf, source: std::io::Error },
    /// The bytes could not be brought; the reason is the bringer's.
    #[error("{0}")]
    Bytes(Problem),
    #[error("the component {0}")]
    NotAComponent(&'static str),
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    #[error("the compiler is not beside this program: there is no `{0}`")]
    CompilerMissing(PathBuf),
    #[error("the process for the plugin cannot be used: {0}")]
    Worker(String),
    #[error("the process for plugins is not beside this program: there is no `{0}`")]
    WorkerMissing(PathBuf),
    /// An import that no version of this host offers.
    #[error("the component imports `{0}`, which this host does not offer")]
    ImportUnknown(String),
    /// An import or export whose shape is not the WIT's.
    #[error("the component does not fit the world infrafabric:adapter/adapter@0.1.0: {0}")]
    World(String),
}

impl Explain for RuntimeError {
    fn code(&self) -> Code {
        match self {
            Self::Engine(_) => Code::Bug,
            Self::CacheUnsafe { .. } => Code::HomeUnsafe,
            Self::Cache { .. } => Code::Store,
            Self::Bytes(problem) => problem.code,
            Self::NotAComponent(_) | Self::World(_) => Code::PackageMalformed,
            Self::Compile(_) | Self::CompilerMissing(_) => Code::Compile,
            Self::Worker(_) | Self::WorkerMissing(_) => Code::Worker,
            Self::ImportUnknown(_) => Code::ImportsUndeclared,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::CacheUnsafe { path, .. } => {
                vec![format!("to close it to others: chmod 700 {}", path.display())]
            }
            Self::Bytes(problem) => problem.hints.clone(),
            Self::NotAComponent(_) => {
                vec!["the author builds with: cargo build --release --target wasm32-wasip2".into()]
            }
            Self::CompilerMissing(_) | Self::WorkerMissing(_) => {
                vec!["to install all three programs: cargo xtask install".into()]
            }
            _ => Vec::new(),
        }
    }

    fn problem(&self) -> Problem {
        if let Self::Bytes(problem) = self {
            return problem.clone();
        }
        let mut problem = Problem::new(self.code(), self.to_string());
        if let Self::Cache { source, .. } = self {
            problem = problem.because(source.to_string());
        }
        self.hints().into_iter().fold(problem, Problem::hint)
    }
}
