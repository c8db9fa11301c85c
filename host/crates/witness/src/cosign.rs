//! A witness of somebody else's log: C2SP tlog-witness, without the network around it.
//!
//! Of each log its key is kept and the last checkpoint that was cosigned, with both signatures
//! under it: a row that was edited vouches for nothing. Checking and keeping is one transaction,
//! and an entry of the own log says so; an older database that was put back is noticed by the
//! anchor before anything is cosigned.
//!
//! It signs with the key of the own log. Nothing that the log signs begins like a cosignature, so
//! one cannot pass for the other, and the format gives each algorithm an id of its own.

use crate::commitment::Part;
use crate::leaf::{Kind, Leaf};
use crate::record::text;
use crate::{LeafRef, Witness, WitnessError, tables};
use if_store::{Rows as _, Sql};
use if_tlog::{Algorithm, Checkpoint, Name, Note, SignatureLine, Submission, Verifier};

/// In front of the name under which a home cosigns, which is the beginning of its key.
const NAME: &str = "infrafabric/witness/";

/// What was said of somebody's checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    pub checkpoint: Checkpoint,
    /// To be put under it.
    pub line: SignatureLine,
    /// The own log's entry of it.
    pub entry: LeafRef,
}

/// A log that was cosigned before.
struct Known {
    log: Verifier,
    checkpoint: Checkpoint,
    /// In seconds since 1970.
    at: u64,
}

impl Witness {
    /// The key that others verify this home's cosignatures with.
    ///
    /// # Errors
    /// None in practice: the name is a legal one.
    pub fn cosigner(&self) -> Result<Verifier, WitnessError> {
        let key = self.public_key();
        let digits: String = key.to_string().chars().take(16).collect();
        let name = Name::new(format!("{NAME}{digits}"))?;
        Ok(Verifier::new(name, Algorithm::Cosignature, key.dalek()))
    }

    /// Vouches for a checkpoint of the log of that name, if it continues what was cosigned of it
    /// before. `log` is its key: needed the first time, and the same ever after.
    ///
    /// # Errors
    /// [`WitnessError::Cosign`] when it does not, [`WitnessError::LogUnknown`] and
    /// [`WitnessError::LogOfAnotherKey`] for the key; the database fails.
    pub fn cosign(
        &self,
        origin: &Name,
        log: Option<&Verifier>,
        submission: &Submission,
    ) -> Result<Cosigned, WitnessError> {
        let shared = &self.shared;
        let cosigner = self.cosigner()?;
        let now = shared.now();
        shared.append_last(|transaction| {
            let known = known(transaction, origin, &cosigner)?;
            let log = key_of(origin, log, known.as_ref())?;
            let last = known.as_ref().map(|known| &known.checkpoint);
            let checkpoint = submission.verify(log, last).map_err(WitnessError::Cosign)?;
            // The clock may have gone back; what was said does not.
            let at = known.as_ref().map_or(0, |known| known.at).max(now.0 / 1000);
            let mut note = submission.checkpoint.signed_by_only(log);
            let line = shared.key.cosign_note(note.text(), at, cosigner.name().clone());
            note.add(line.clone());
            keep(transaction, log, &note)?;
            let remark = format!("cosigned {} entries of {origin}", checkpoint.size);
            let parts = [
                Part::new("note", text(remark))?,
                Part::new("cosigned", note.to_string().into_bytes())?,
            ];
            let leaf = Leaf::new(Kind::Note, now);
            let (entry, _) = tables::append(transaction, &shared.key, leaf, &parts)?;
            Ok(Cosigned { checkpoint, line, entry })
        })
    }

    /// The names of the logs that were cosigned, and how many entries of each.
    ///
    /// # Errors
    /// The database fails, or a row is not as it was written.
    pub fn cosigned(&self) -> Result<Vec<(String, u64)>, WitnessError> {
        let cosigner = self.cosigner()?;
        self.shared.store.read(|view| {
            let select = "SELECT origin FROM cosigned ORDER BY origin";
            let mut logs = Vec::new();
            view.each(select, &[], |row| {
                let name = Name::new(row.text(0)?)?;
                if let Some(known) = known(view, &name, &cosigner)? {
                    logs.push((name.to_string(), known.checkpoint.size));
                }
                Ok::<_, WitnessError>(())
            })?;
            Ok(logs)
        })
    }
}

/// The key that counts: the one that is known, or before the first time the one that is named.
fn key_of<'a>(
    origin: &Name,
    named: Option<&'a Verifier>,
    known: Option<&'a Known>,
) -> Result<&'a Verifier, WitnessError> {
    let origin = || origin.to_string();
    match (known.map(|known| &known.log), named) {
        (Some(known), Some(named)) if known != named => {
            let (known, named) = (known.to_string(), named.to_string());
            Err(WitnessError::LogOfAnotherKey { origin: origin(), known, named })
        }
        (Some(known), _) => Ok(known),
        (None, Some(named)) if named.name().as_str() == origin() => Ok(named),
        (None, Some(named)) => {
            let named = named.name().to_string();
            Err(WitnessError::LogOfAnotherName { origin: origin(), named })
        }
        (None, None) => Err(WitnessError::LogUnknown { origin: origin() }),
    }
}

/// What was cosigned of this log, if it is what was written.
fn known(
    view: &dyn Sql,
    origin: &Name,
    cosigner: &Verifier,
) -> Result<Option<Known>, WitnessError> {
    let select = "SELECT log_key, note FROM cosigned WHERE origin = ?1";
    let Some(row) = view.first(select, &[origin.as_str().into()])? else { return Ok(None) };
    let (log, note): (Verifier, Note) = (row.text(0)?.parse()?, Note::parse(row.text(1)?)?);
    let checkpoint = Checkpoint::verified(&note, &log)?;
    let at = note.verified_by(cosigner)?.unwrap_or(0);
    Ok(Some(Known { log, checkpoint, at }))
}

fn keep(sql: &dyn Sql, log: &Verifier, note: &Note) -> Result<(), WitnessError> {
    let (key, note) = (log.to_string(), note.to_string());
    sql.execute(
        "INSERT INTO cosigned (origin, log_key, note) VALUES (?1, ?2, ?3)
         ON CONFLICT (origin) DO UPDATE SET note = excluded.note",
        &[log.name().as_str().into(), (&key).into(), (&note).into()],
    )?;
    Ok(())
}
