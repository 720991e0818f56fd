//! Choosing among versions: activate one, go back to one, delete one.

use base::{RecordId, VersionId};
use store::{Tx, params};

use super::{
    Contents, NewVersion, Origin, Outcome, State, Version, VersionError, get,
    make::{close, entry, fill, remove_records, tell},
};
use crate::record::{self, Act, Kits, Record, RecordError};

/// What activating did.
#[derive(Debug, Clone)]
pub struct Activated {
    /// The version that is active now.
    pub version: Version,
    /// The one that was active before.
    pub previous: Option<VersionId>,
    /// False when it was active already: then nothing was written.
    pub has_changed: bool,
}

/// A version to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// By its number.
    Number(i64),
    /// By its id.
    Id(VersionId),
}

/// Makes a version the active one of its record. Of two at once, one comes second and wins; there
/// is never none and never two. With `record`, only if it is a version of that one.
///
/// # Errors
/// [`VersionError::Building`], [`VersionError::NotFound`]; [`RecordError::Deleted`] of the record.
pub fn activate(
    tx: &Tx,
    act: &Act,
    id: VersionId,
    record: Option<RecordId>,
    why: Option<&str>,
) -> Result<Activated, VersionError> {
    let version = get(tx, act.reach, id)?;
    if record.is_some_and(|it| it != version.record) {
        return Err(VersionError::NotFound(id));
    }
    let parent = parent_of(tx, act, &version)?;
    // Read again now that its record is held: it may have been finished or deleted meanwhile.
    let version = ready(tx, act, id)?;
    let previous = parent.active_version.as_ref().map(|it| it.id);
    if previous == Some(id) {
        return Ok(Activated { version, previous, has_changed: false });
    }
    point_at(tx, act, &parent, id)?;
    let mut note = entry("version_activated", &version)
        .before(serde_json::json!({ "active_version": previous }))
        .after(serde_json::json!({ "active_version": id }));
    if let Some(why) = why {
        note = note.why(why);
    }
    tx.audit(note);
    Ok(Activated { version: Version { is_active: true, ..version }, previous, has_changed: true })
}

/// Goes back: a new version with everything of the chosen one, active at once. The versions in
/// between stay.
///
/// # Errors
/// [`VersionError::Same`] when the chosen one is active; [`VersionError::NoSuchNumber`] and
/// [`VersionError::NotFound`]; [`VersionError::NoActive`]; as [`super::begin`].
pub fn revert(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    to: Target,
    new: NewVersion,
    why: Option<&str>,
) -> Result<Version, VersionError> {
    let parent = record::living(record::hold(tx, act.reach, new.record, None)?)?;
    let chosen = target(tx, act, parent.id, to)?;
    let previous = match &parent.active_version {
        None => return Err(VersionError::NoActive(parent.id)),
        Some(active) if active.id == chosen.id => return Err(VersionError::Same(chosen.id)),
        Some(active) => active.id,
    };
    let new = NewVersion { origin: Origin::Revert, based_on: Some(chosen.id), ..new };
    let outcome = Outcome {
        summary: chosen.summary.clone(),
        details: chosen.details.clone(),
        produced_by: chosen.produced_by.clone(),
        prompt_version: chosen.prompt_version.clone(),
        inputs: chosen.inputs.clone(),
        ..Outcome::default()
    };
    let version = settle(tx, kits, act, &parent, new, Contents::CopyOf(chosen.id), outcome)?;
    let mut note = entry("version_reverted", &version)
        .before(serde_json::json!({ "active_version": previous }))
        .after(serde_json::json!({
            "active_version": version.id, "number": version.number, "reverted_to": chosen.number,
        }));
    if let Some(why) = why {
        note = note.why(why);
    }
    tx.audit(note);
    Ok(version)
}

/// Makes a whole version and makes it active, without an audit entry: the act it is part of has one.
pub(crate) fn settle(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    parent: &Record,
    new: NewVersion,
    contents: Contents,
    outcome: Outcome,
) -> Result<Version, VersionError> {
    let id = fill(tx, kits, act, new, contents)?;
    let version = close(tx, kits, act, id, outcome)?;
    point_at(tx, act, parent, id)?;
    Ok(Version { is_active: true, ..version })
}

/// The version to go back to, of this record.
///
/// # Errors
/// [`VersionError::NoSuchNumber`], [`VersionError::NotFound`], [`VersionError::Building`].
pub fn target(
    db: &store::Db,
    act: &Act,
    record: RecordId,
    to: Target,
) -> Result<Version, VersionError> {
    let id = match to {
        Target::Id(id) => id,
        Target::Number(number) => db
            .first(
                "SELECT id FROM versions WHERE record = $1 AND number = $2 AND deleted_at IS NULL",
                &params![record, number],
            )?
            .ok_or(VersionError::NoSuchNumber(number))?
            .get("id")?,
    };
    let version = ready(db, act, id)?;
    if version.record == record { Ok(version) } else { Err(VersionError::NotFound(id)) }
}

/// Deletes a version that is not the active one, with everything in it.
///
/// # Errors
/// [`VersionError::Active`], [`VersionError::Building`], [`VersionError::NotFound`].
pub fn delete(tx: &Tx, act: &Act, id: VersionId) -> Result<(), VersionError> {
    let version = get(tx, act.reach, id)?;
    let parent = parent_of(tx, act, &version)?;
    let version = ready(tx, act, id)?;
    if parent.active_version.is_some_and(|it| it.id == id) {
        return Err(VersionError::Active(id));
    }
    remove_records(tx, id)?;
    tx.execute("UPDATE versions SET deleted_at = $2 WHERE id = $1", &params![id, act.now])?;
    tell(tx, &parent.collection, &version);
    tx.audit(entry("version_deleted", &version).before(serde_json::json!({
        "number": version.number, "label": version.label, "record_count": version.record_count,
    })));
    Ok(())
}

/// The record of a version, held so that its pointer stays where it is.
fn parent_of(tx: &Tx, act: &Act, version: &Version) -> Result<Record, VersionError> {
    let parent = record::living(record::hold(tx, act.reach, version.record, None)?)?;
    if act.reaches(parent.tenant) {
        Ok(parent)
    } else {
        Err(RecordError::TenantForbidden(parent.tenant).into())
    }
}

fn ready(db: &store::Db, act: &Act, id: VersionId) -> Result<Version, VersionError> {
    let version = get(db, act.reach, id)?;
    match version.state {
        State::Ready => Ok(version),
        State::Building => Err(VersionError::Building(id)),
    }
}

/// Moves the pointer.
fn point_at(tx: &Tx, act: &Act, parent: &Record, version: VersionId) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE records SET active_version = $2, revision = revision + 1, updated_at = $3
          WHERE id = $1",
        &params![parent.id, version, act.now],
    )?;
    // Whoever keeps something made of what lies in versions listens to the record that holds them.
    store::mark::touch(tx, &record::mark_name(&parent.collection), parent.tenant);
    Ok(())
}
