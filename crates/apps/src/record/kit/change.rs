//! What becomes of a record's data: by what its collection computes and demands, and by a change of it.

use serde_json::Value as Json;

use super::{Changing, Checked, CollectionKit, Invalid};
use crate::{field::Data, record::merge, schema::Fault};

impl CollectionKit {
    /// What a record with this data becomes by a patch (RFC 7396); none where that is what it is already.
    ///
    /// # Errors
    /// [`Invalid`] with all that is wrong with it, but for what was wrong before and hangs on nothing that changes.
    pub(crate) fn changed(&self, before: &Data, patch: &Data) -> Result<Option<Checked>, Invalid> {
        let mut after = Json::Object(before.clone());
        merge(&mut after, &Json::Object(patch.clone()));
        let named: Vec<&str> = patch.keys().map(String::as_str).collect();
        self.changed_to(before, after, &named)
    }

    /// The same of a change by which a record is to hold `after`, and which says something of the fields `named`.
    ///
    /// # Errors
    /// As [`CollectionKit::changed`].
    pub(crate) fn changed_to(
        &self,
        before: &Data,
        after: Json,
        named: &[&str],
    ) -> Result<Option<Checked>, Invalid> {
        if after.as_object() == Some(before) {
            return Ok(None);
        }
        let checked = self.check_as(after, Some(Changing { before, named }))?;
        // Where what was changed is computed, it is as it was.
        Ok(Some(checked).filter(|it| it.data() != before))
    }

    /// Data as the collection makes it, no more fields than it has.
    pub(crate) fn completed(&self, data: &Data) -> Data {
        let mut whole = data.clone();
        if let Some(rules) = &self.rules {
            rules.compute(&mut whole, None);
        }
        let fields = data.keys();
        fields.map(|it| (it.clone(), whole.get(it).cloned().unwrap_or_default())).collect()
    }

    /// Computes what is computed; what the schema and the rules have against it.
    pub(super) fn made_and_judged(
        &self,
        data: &mut Json,
        change: Option<Changing<'_>>,
    ) -> Vec<Fault> {
        let check = |data: &Json| self.schema.check(data).err().unwrap_or_default();
        let Some(rules) = self.rules.as_ref().filter(|_| data.is_object()) else {
            return check(data);
        };
        let before = change.map(|it| it.before);
        let unmade = data.as_object_mut().map(|it| rules.compute(it, change)).unwrap_or_default();
        let mut faults = check(data);
        if let (Some(before), Json::Object(fields)) = (before, &mut *data)
            && rules.lay_back(before, fields, &faults)
        {
            faults = check(data);
        }
        if let Json::Object(fields) = data {
            rules.judge(fields, before, unmade, &mut faults);
        }
        faults
    }
}
