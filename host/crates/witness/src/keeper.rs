//! The anchors off this machine, as the log knows them: where each is, and which checkpoint was
//! kept there last.
//!
//! That one was added or taken away stands in the log. That a checkpoint was kept does not: each
//! entry would be one more that no anchor knows.

use crate::commitment::Part;
use crate::leaf::{Kind, Leaf};
use crate::record::text;
use crate::{Witness, WitnessError, tables};
use if_core::{UnixMillis, Word};
use if_store::{Rows as _, Sql as _, Transaction};

/// A place that keeps checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    pub name: Word,
    /// Where it is, in the words of whoever reaches it.
    pub place: String,
    /// `None` before the first time.
    pub kept: Option<Kept>,
}

/// The newest checkpoint there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Entries that it is of.
    pub size: u64,
    /// When it was written, or last found there.
    pub at: UnixMillis,
}

impl Witness {
    /// All of them, by name.
    ///
    /// # Errors
    /// The database fails.
    pub fn keepers(&self) -> Result<Vec<Keeper>, WitnessError> {
        self.shared.store.read(|view| {
            let select = "SELECT name, place, size, at FROM keeper ORDER BY name";
            let mut keepers = Vec::new();
            view.each(select, &[], |row| {
                // A name that is none was not written here.
                if let Ok(name) = Word::new(row.text(0)?) {
                    let kept = row.maybe_number(2)?.zip(row.maybe_number(3)?);
                    let kept = kept.map(|(size, at)| Kept { size, at: UnixMillis(at) });
                    keepers.push(Keeper { name, place: row.text(1)?.to_owned(), kept });
                }
                Ok::<_, WitnessError>(())
            })?;
            Ok(keepers)
        })
    }

    /// Adds one. False when there is one of that name; then nothing changes.
    ///
    /// # Errors
    /// The database fails.
    pub fn add_keeper(&self, name: &Word, place: &str) -> Result<bool, WitnessError> {
        let sql = "INSERT INTO keeper (name, place) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.changed(&format!("anchor {name} added: {place}"), |transaction| {
            Ok(transaction.execute(sql, &[name.as_str().into(), place.into()])?)
        })
    }

    /// Takes one away; what it keeps stays there. False when there is none of that name.
    ///
    /// # Errors
    /// The database fails.
    pub fn remove_keeper(&self, name: &Word) -> Result<bool, WitnessError> {
        self.changed(&format!("anchor {name} removed"), |transaction| {
            let delete = "DELETE FROM keeper WHERE name = ?1";
            Ok(transaction.execute(delete, &[name.as_str().into()])?)
        })
    }

    /// Remembers what this one keeps.
    ///
    /// # Errors
    /// The database fails.
    pub fn kept(&self, name: &Word, size: u64) -> Result<(), WitnessError> {
        let now = self.shared.now();
        self.shared.store.transaction(|transaction| {
            let update = "UPDATE keeper SET size = ?2, at = ?3 WHERE name = ?1";
            transaction.execute(update, &[name.as_str().into(), size.into(), now.0.into()])?;
            Ok(())
        })
    }

    /// Changes a row, and says so in the log, or does neither.
    fn changed(
        &self,
        remark: &str,
        change: impl FnOnce(&Transaction<'_>) -> Result<usize, WitnessError>,
    ) -> Result<bool, WitnessError> {
        let shared = &self.shared;
        let leaf = Leaf::new(Kind::Note, shared.now());
        let part = Part::new("note", text(remark))?;
        shared.append_last(|transaction| {
            if change(transaction)? == 0 {
                return Ok(false);
            }
            tables::append(transaction, &shared.key, leaf, &[part])?;
            Ok(true)
        })
    }
}
