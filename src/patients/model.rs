//! What a patient record says, and which of its values may follow which.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::choice::choices;

choices! {
    /// Where a person stands with the service.
    PatientStatus {
        /// Looked after now.
        Active = "ACTIVE", "Active";
        /// Known, not looked after now.
        Inactive = "INACTIVE", "Inactive";
        /// Their care here has ended.
        Discharged = "DISCHARGED", "Discharged";
        /// Waiting for a place; may be known by name only.
        Waitlist = "WAITLIST", "Waiting list";
        /// Looked after, but paused.
        OnHold = "ON_HOLD", "On hold";
    }
}

choices! {
    /// Sex as charts print it.
    Sex {
        /// Female.
        Female = "FEMALE", "Female";
        /// Male.
        Male = "MALE", "Male";
        /// Neither of the two.
        Other = "OTHER", "Other";
        /// Not known: said in words, never by an empty space.
        Unknown = "UNKNOWN", "Not known";
    }
}

choices! {
    /// What the record says of allergies as a whole.
    AllergyStatus {
        /// There are some, listed with what they did.
        Known = "KNOWN", "Known allergies";
        /// Somebody asked, and there are none.
        NoneKnown = "NONE_KNOWN", "No known allergies";
        /// Nobody has asked.
        NotRecorded = "NOT_RECORDED", "Allergies not recorded";
    }
}

choices! {
    /// How bad a reaction was.
    AllergySeverity {
        /// A nuisance.
        Mild = "MILD", "Mild";
        /// Needed treatment.
        Moderate = "MODERATE", "Moderate";
        /// Threatened life.
        Severe = "SEVERE", "Severe";
        /// Not known.
        Unknown = "UNKNOWN", "Severity not known";
    }
}

choices! {
    /// Where an entry in the list of allergies stands.
    AllergyEntryStatus {
        /// Counts.
        Active = "ACTIVE", "Active";
        /// Was outgrown or treated.
        Inactive = "INACTIVE", "No longer";
        /// Tested, and not so.
        Refuted = "REFUTED", "Tested, not allergic";
        /// Should never have been written here; stays visible as such.
        EnteredInError = "ENTERED_IN_ERROR", "Entered in error";
    }
}

choices! {
    /// Where a problem or diagnosis stands.
    ConditionStatus {
        /// Counts now.
        Active = "ACTIVE", "Active";
        /// Quiet for now.
        Remission = "REMISSION", "In remission";
        /// Past.
        Resolved = "RESOLVED", "Past";
        /// Should never have been written here; stays visible as such.
        EnteredInError = "ENTERED_IN_ERROR", "Entered in error";
    }
}

/// What the column `patient.demographics` holds. Anything else in it is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demographics {
    /// `Ms`, `Dr`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What they like to be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_name: Option<String>,
    /// Sex as charts print it: a name of [`Sex`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Gender in their own words, where it is not what the sex suggests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// The language they speak best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether they need an interpreter for it.
    #[serde(default)]
    pub interpreter: bool,
    /// The day they died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deceased_on: Option<NaiveDate>,
    /// What other programs wrote here.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl Demographics {
    /// Sex as charts print it, in words also where it is not known.
    #[must_use]
    pub fn sex(&self) -> Sex {
        self.sex.as_deref().and_then(Sex::from_name).unwrap_or(Sex::Unknown)
    }

    /// `Interpreter: Igbo`, where one is needed.
    #[must_use]
    pub fn interpreter_words(&self) -> Option<String> {
        self.interpreter.then(|| match self.language.as_deref() {
            Some(language) => format!("Interpreter: {language}"),
            None => "Interpreter needed".to_owned(),
        })
    }
}

/// A mark that everybody should see at once, with its words, tone and icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFlag {
    /// The code in the schema.
    pub code: &'static str,
    /// The words on the page.
    pub label: &'static str,
    /// The class of its tag: a tone where it asks for attention.
    pub tone: &'static str,
    /// Its icon.
    pub icon: &'static str,
}

/// The marks that the forms offer. The schema takes others, from imports: see [`flag`].
pub const FLAGS: [KnownFlag; 8] = [
    KnownFlag { code: "HIGH_RISK", label: "High risk", tone: "high", icon: "triangle-alert" },
    KnownFlag { code: "RPM_ENROLLED", label: "Remote monitoring", tone: "info", icon: "radio-tower" },
    KnownFlag { code: "FALL_RISK", label: "Risk of falls", tone: "warn", icon: "triangle-alert" },
    KnownFlag { code: "SAFEGUARDING", label: "Safeguarding", tone: "high", icon: "shield-alert" },
    KnownFlag { code: "DNACPR", label: "Do not resuscitate", tone: "i", icon: "file-text" },
    KnownFlag { code: "INFECTION_CONTROL", label: "Infection control", tone: "warn", icon: "shield-alert" },
    KnownFlag { code: "HEARING_IMPAIRED", label: "Hard of hearing", tone: "", icon: "ear" },
    KnownFlag { code: "VISUALLY_IMPAIRED", label: "Partially sighted", tone: "", icon: "eye" },
];

/// The words, tone and icon of a flag's code. One that the forms do not offer is put into words as it stands.
#[must_use]
pub fn flag(code: &str) -> (String, &'static str, &'static str) {
    if let Some(known) = FLAGS.iter().find(|known| known.code == code) {
        return (known.label.to_owned(), known.tone, known.icon);
    }
    let words = code.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    let label = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    (label, "", "flag")
}

/// What the banner says of allergies: one of four states, never an empty space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allergies {
    /// Listed, the worst first.
    Known(Vec<Allergy>),
    /// Somebody asked, and there are none.
    NoneKnown,
    /// Nobody has asked.
    NotRecorded,
    /// The list could not be read: assume nothing.
    Unavailable,
}

/// One substance and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allergy {
    /// `penicillin`
    pub substance: String,
    /// `anaphylaxis`; not known where empty.
    pub reaction: Option<String>,
    /// How bad it was.
    pub severity: AllergySeverity,
}

impl Allergies {
    /// Puts the record's word and its list together. Where they contradict each other, the list counts: a listed
    /// allergy is never hidden by a word, and a word without its list is not to be relied on.
    #[must_use]
    pub fn from_record(status: AllergyStatus, mut list: Vec<Allergy>) -> Self {
        if list.is_empty() {
            return match status {
                AllergyStatus::Known => Self::Unavailable,
                AllergyStatus::NoneKnown => Self::NoneKnown,
                AllergyStatus::NotRecorded => Self::NotRecorded,
            };
        }
        list.sort_by(|a, b| b.severity.rank().cmp(&a.severity.rank()).then_with(|| a.substance.cmp(&b.substance)));
        Self::Known(list)
    }

    /// The state in words: `Known allergies (2)`.
    #[must_use]
    pub fn heading(&self) -> String {
        match self {
            Self::Known(list) => format!("Known allergies ({})", list.len()),
            Self::NoneKnown => AllergyStatus::NoneKnown.label().to_owned(),
            Self::NotRecorded => AllergyStatus::NotRecorded.label().to_owned(),
            Self::Unavailable => "Allergies unavailable".to_owned(),
        }
    }

    /// What follows the heading: `penicillin – anaphylaxis; latex – rash`, or what to do.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Known(list) => list.iter().map(Allergy::words).collect::<Vec<_>>().join("; "),
            Self::NoneKnown => "asked and confirmed".to_owned(),
            Self::NotRecorded => "ask before giving anything".to_owned(),
            Self::Unavailable => "the list cannot be read: ask before giving anything".to_owned(),
        }
    }
}

impl AllergySeverity {
    /// Not known sorts above mild: it may be anything.
    const fn rank(self) -> u8 {
        match self {
            Self::Severe => 3,
            Self::Moderate => 2,
            Self::Unknown => 1,
            Self::Mild => 0,
        }
    }
}

impl Allergy {
    /// `penicillin – anaphylaxis`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.reaction.as_deref() {
            Some(reaction) => format!("{} – {reaction}", self.substance),
            None => format!("{} – reaction not known", self.substance),
        }
    }
}

/// Why a record may not move to another status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusRefused {
    /// It is there already.
    #[error("The record already has this status.")]
    Same,
    /// Only a waiting list may hold somebody whose date of birth is not known.
    #[error("Enter the date of birth first: only people on the waiting list may be without one.")]
    NoDateOfBirth,
}

impl PatientStatus {
    /// Whether a record may move from this status to `to`. Every move needs a reason and is kept in the history.
    ///
    /// # Errors
    /// Where it is there already, or lacks a date of birth.
    pub fn change(self, to: Self, has_date_of_birth: bool) -> Result<Self, StatusRefused> {
        if self == to {
            return Err(StatusRefused::Same);
        }
        match to {
            Self::Waitlist => Ok(to),
            Self::Active | Self::Inactive | Self::Discharged | Self::OnHold if has_date_of_birth => Ok(to),
            Self::Active | Self::Inactive | Self::Discharged | Self::OnHold => Err(StatusRefused::NoDateOfBirth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allergy(substance: &str, severity: AllergySeverity) -> Allergy {
        Allergy { substance: substance.to_owned(), reaction: Some("rash".to_owned()), severity }
    }

    #[test]
    fn the_four_allergy_states_are_told_apart_in_words() {
        let known = Allergies::from_record(
            AllergyStatus::Known,
            vec![allergy("latex", AllergySeverity::Mild), allergy("penicillin", AllergySeverity::Severe)],
        );
        assert_eq!(known.heading(), "Known allergies (2)");
        assert_eq!(known.detail(), "penicillin – rash; latex – rash", "the worst first");
        assert_eq!(Allergies::from_record(AllergyStatus::NoneKnown, vec![]).heading(), "No known allergies");
        assert_eq!(Allergies::from_record(AllergyStatus::NotRecorded, vec![]).heading(), "Allergies not recorded");
        assert_eq!(Allergies::from_record(AllergyStatus::Known, vec![]), Allergies::Unavailable);
    }

    #[test]
    fn a_listed_allergy_is_never_hidden_by_a_word() {
        for status in AllergyStatus::ALL {
            let state = Allergies::from_record(*status, vec![allergy("latex", AllergySeverity::Unknown)]);
            assert!(matches!(state, Allergies::Known(_)), "{status}");
        }
    }

    #[test]
    fn a_reaction_that_nobody_knows_is_said_in_words() {
        let allergy = Allergy { substance: "eggs".into(), reaction: None, severity: AllergySeverity::Unknown };
        assert_eq!(allergy.words(), "eggs – reaction not known");
    }

    #[test]
    fn only_the_waiting_list_takes_people_without_a_date_of_birth() {
        use PatientStatus as S;
        for from in S::ALL {
            for to in S::ALL {
                let expected = if from == to {
                    Err(StatusRefused::Same)
                } else if *to == S::Waitlist {
                    Ok(*to)
                } else {
                    Err(StatusRefused::NoDateOfBirth)
                };
                assert_eq!(from.change(*to, false), expected);
                assert_eq!(from.change(*to, true).is_ok(), from != to);
            }
        }
    }

    #[test]
    fn demographics_keep_what_other_programs_wrote() {
        let stored = serde_json::json!({ "sex": "FEMALE", "interpreter": true, "language": "Igbo", "ethnicity": "x" });
        let mut demographics: Demographics = serde_json::from_value(stored).unwrap();
        assert_eq!(demographics.sex(), Sex::Female);
        assert_eq!(demographics.interpreter_words().as_deref(), Some("Interpreter: Igbo"));
        demographics.language = None;
        let stored = serde_json::to_value(&demographics).unwrap();
        assert_eq!(stored, serde_json::json!({ "sex": "FEMALE", "interpreter": true, "ethnicity": "x" }));
        assert_eq!(serde_json::from_str::<Demographics>("{}").unwrap(), Demographics::default());
    }

    #[test]
    fn a_flag_is_always_put_into_words() {
        assert_eq!(flag("HIGH_RISK").0, "High risk");
        assert_eq!(flag("NEEDS_TWO_CARERS").0, "Needs two carers");
    }

    #[test]
    fn every_name_of_the_schema_is_read_back() {
        for status in PatientStatus::ALL {
            assert_eq!(PatientStatus::from_name(status.as_str()), Some(*status));
        }
        assert_eq!(PatientStatus::from_name("active"), None);
    }
}
