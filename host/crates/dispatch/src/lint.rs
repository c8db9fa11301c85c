//! `lint`: every file an operator or author writes by hand, looked at as a whole, each fault with
//! its place. Nothing is run, contacted or believed; what is written well may still be denied.

use crate::job::explain;
use if_config::{ConfigError, Environment, GovernorFile, Home, PriceBook, ProviderFile, Settings};
use if_core::{Code, Explain, Problem};
use if_manifest::model::Parameter;
use if_registry::{Index, Layout, Linted};
use std::path::{Path, PathBuf};

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    pub checked: Vec<PathBuf>,
    pub findings: Vec<Finding>,
}

/// One fault. Line and column from 1; 0 where only the file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub path: PathBuf,
    pub line: u64,
    pub column: u64,
    pub code: Code,
    pub what: String,
    /// The lines to write.
    pub hints: Vec<String>,
}

/// Looks at the home: `config.yaml`, `prices.yaml`, `governor.yaml`, `providers/*.yaml`, and every
/// installed package.
pub fn home(environment: &Environment) -> Result<Report, Problem> {
    let home = Home::open(Home::locate(environment, None)).map_err(explain)?;
    let layout = Layout { home: home.path().to_owned() };
    let index = Index::of(&layout).map_err(explain)?;
    let mut report = Report::default();
    report.settings(&home, index.as_ref());
    report.prices(&home, index.as_ref());
    report.governor(&home);
    for path in files(&home.providers_dir())? {
        report.provider(path, index.as_ref());
    }
    for path in files(&home.plugins_dir())? {
        if let Err(problem) = report.folder(&path) {
            report.findings.push(Finding {
                path,
                line: 0,
                column: 0,
                code: problem.code,
                what: problem.message,
                hints: problem.hints,
            });
        }
    }
    Ok(report)
}

/// Looks at a package, or at a plugin's folder.
pub fn folder(path: &Path) -> Result<Report, Problem> {
    let mut report = Report::default();
    report.folder(path)?;
    Ok(report)
}

impl Report {
    fn settings(&mut self, home: &Home, index: Option<&Index>) {
        let path = home.config_file();
        if !path.exists() {
            return;
        }
        self.checked.push(path.clone());
        let settings = match Settings::load(&path) {
            Ok(settings) => settings,
            Err(error) => return self.config(&path, &error),
        };
        for one in settings.contexts.iter().flat_map(|context| &context.instances) {
            let provider = one.provider.as_str();
            let at = |what: String, hint: String| Finding {
                path: path.clone(),
                line: one.line,
                column: one.column,
                code: Code::Config,
                what,
                hints: vec![hint],
            };
            if settings_of(index, provider).is_none() {
                let what = format!("no installed plugin is `{provider}`");
                self.findings.push(at(what, "ifctl plugin list".to_owned()));
            } else if let Err(error) = ProviderFile::load(&home.provider_file(&one.provider))
                .and_then(|file| file.instance(one.instance.as_str()).map(|_| ()))
                && let ConfigError::InstanceUnknown { .. } = error
            {
                let hint = error.hints().into_iter().next().unwrap_or_default();
                self.findings.push(at(error.to_string(), hint));
            }
        }
    }

    fn governor(&mut self, home: &Home) {
        let path = home.governor_file();
        if !path.exists() {
            return;
        }
        self.checked.push(path.clone());
        if let Err(error) = GovernorFile::load(home) {
            self.config(&path, &error);
        }
    }

    /// A price of what is not there would hold for nothing.
    fn prices(&mut self, home: &Home, index: Option<&Index>) {
        let path = home.prices_file();
        if !path.exists() {
            return;
        }
        self.checked.push(path.clone());
        let book = match PriceBook::load(home) {
            Ok(book) => book,
            Err(error) => return self.config(&path, &error),
        };
        for price in book.all() {
            let provider = price.provider.as_str();
            let entry = index.and_then(|index| index.provider(provider).ok().flatten());
            let command = price.command.as_deref();
            let (what, hint) = match entry {
                None => {
                    let what = format!("no installed plugin is `{provider}`");
                    (what, "ifctl plugin list".to_owned())
                }
                Some(entry)
                    if command.is_some_and(|it| entry.commands.iter().all(|c| c.path != it)) =>
                {
                    let what = format!("{provider} has no command `{}`", command.unwrap_or(""));
                    (what, format!("ifctl {provider} --help"))
                }
                Some(_) => continue,
            };
            let (path, code, hints) = (path.clone(), Code::Config, vec![hint]);
            self.findings.push(Finding { path, line: 0, column: 0, code, what, hints });
        }
    }

    fn provider(&mut self, path: PathBuf, index: Option<&Index>) {
        let word = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let settings = settings_of(index, word);
        for error in ProviderFile::lint(&path, settings.as_deref()) {
            self.config(&path, &error);
        }
        let is_provider = path.extension().is_some_and(|extension| extension == "yaml");
        if settings.is_none() && is_provider {
            self.findings.push(Finding {
                path: path.clone(),
                line: 0,
                column: 0,
                code: Code::Config,
                what: format!("no installed plugin is `{word}`, so its instances mean nothing"),
                hints: vec!["ifctl plugin install <folder>".to_owned()],
            });
        }
        self.checked.push(path);
    }

    fn folder(&mut self, path: &Path) -> Result<(), Problem> {
        let (linted, faults) = if_registry::lint(path).map_err(explain)?;
        self.checked.push(match linted {
            Linted::Package => path.join("manifest.json"),
            Linted::Definition => path.join("plugin.toml"),
        });
        let number = |place: usize| u64::try_from(place).unwrap_or_default();
        self.findings.extend(faults.into_iter().map(|fault| Finding {
            path: fault.path,
            line: number(fault.line),
            column: number(fault.column),
            code: fault.problem.code,
            what: fault.what,
            hints: fault.problem.hints,
        }));
        Ok(())
    }

    fn config(&mut self, path: &Path, error: &ConfigError) {
        let (path, line, column) = error.place().unwrap_or((path, 0, 0));
        self.findings.push(Finding {
            path: path.to_owned(),
            line,
            column,
            code: error.code(),
            what: error.what(),
            hints: error.hints(),
        });
    }
}

/// The settings of an installed provider.
fn settings_of(index: Option<&Index>, provider: &str) -> Option<Vec<Parameter>> {
    index?.provider(provider).ok().flatten().map(|entry| entry.settings)
}

/// What stands in a folder, in order; not what editors and locks leave there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(Code::Store, "a folder of the home cannot be read").because(error.to_string())
    };
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
