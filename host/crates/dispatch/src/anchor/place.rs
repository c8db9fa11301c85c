//! Where an anchor is, as it is written down: a folder, or a bucket of a server that speaks S3.

use if_core::{Code, Problem};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where checkpoints are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Place {
    /// A folder: another disk, a stick, a share of another machine.
    Directory {
        path: PathBuf,
    },
    S3(S3Place),
}

/// A part of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct S3Place {
    /// `https://server:port/bucket/prefix`.
    pub url: String,
    pub region: String,
    /// PEM file with the only authorities trusted; the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Place {
    /// Refuses a place that cannot be one, before it is written down.
    pub(crate) fn check(&self, home: &Path) -> Result<(), Problem> {
        match self {
            Place::Directory { path } => check_folder(path, home),
            Place::S3(place) => place.check(),
        }
    }

    /// As the database has it.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn of_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// In words for people.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Directory { path } => path.display().fmt(f),
            Place::S3(place) => f.write_str(&place.url),
        }
    }
}

fn check_folder(path: &Path, home: &Path) -> Result<(), Problem> {
    let refused = |what: &str| {
        Problem::new(Code::Usage, format!("`{}` {what}", path.display()))
            .hint("name a folder on another disk or machine: --directory /media/stick/anchor")
    };
    if !path.is_absolute() {
        return Err(refused("is no absolute path"));
    }
    if !path.is_dir() {
        return Err(refused("is no folder that is there"));
    }
    // A link would hide it.
    let real = fs_err::canonicalize(path);
    if real.is_ok_and(|real| real.starts_with(home)) {
        return Err(refused("lies in the home, which it is to outlast"));
    }
    Ok(())
}

impl S3Place {
    #[cfg(feature = "live")]
    fn check(&self) -> Result<(), Problem> {
        if_broker::s3::check(&self.url, &self.region).map_err(|why| {
            Problem::new(Code::Usage, format!("`{}` is no place in a bucket: {why}", self.url))
                .hint("--s3 https://s3.example.com/bucket/studio --region eu-central-1")
        })
    }

    #[cfg(not(feature = "live"))]
    fn check(&self) -> Result<(), Problem> {
        Err(Problem::new(Code::Usage, "this program has no network")
            .hint("--directory /media/stick/anchor"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let url = "https://s3.example.com/bucket/studio".to_owned();
        let s3 = S3Place { url, region: "eu-central-1".to_owned(), ca_file: None };
        for place in [Place::Directory { path: "/media/stick".into() }, Place::S3(s3)] {
            assert_eq!(Place::of_text(&place.to_text()), Some(place));
        }
        assert_eq!(Place::of_text("{}"), None);
    }

    #[test]
    fn a_folder_must_be_there_and_outside_of_the_home() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let home = fs_err::canonicalize(home.path()).unwrap();
        let refused = |path: &Path| check_folder(path, &home).unwrap_err().message;
        assert_eq!(check_folder(other.path(), &home), Ok(()));
        assert!(refused(Path::new("anchor")).ends_with("is no absolute path"));
        assert!(refused(&other.path().join("none")).ends_with("is no folder that is there"));
        assert!(refused(&home).contains("lies in the home"));
        let link = other.path().join("link");
        std::os::unix::fs::symlink(&home, &link).unwrap();
        assert!(refused(&link).contains("lies in the home"));
    }
}
