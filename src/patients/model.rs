//! What a patient record says, and which of its values may follow which.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::choice::choices;
use crate::web::ui::{Allergies, Flag, Tone};

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

/// The marks that the forms offer, with tone, icon and words. The schema takes others, from imports: see [`flag`].
pub const FLAGS: [(&str, Tone, &str, &str); 8] = [
    ("HIGH_RISK", Tone::High, "triangle-alert", "High risk"),
    ("RPM_ENROLLED", Tone::Info, "radio-tower", "Remote monitoring"),
    ("FALL_RISK", Tone::Warn, "triangle-alert", "Risk of falls"),
    ("SAFEGUARDING", Tone::High, "shield-alert", "Safeguarding"),
    ("DNACPR", Tone::Crit, "file-text", "Do not resuscitate"),
    ("INFECTION_CONTROL", Tone::Warn, "shield-alert", "Infection control"),
    ("HEARING_IMPAIRED", Tone::None, "info", "Hard of hearing"),
    ("VISUALLY_IMPAIRED", Tone::None, "eye", "Partially sighted"),
];

/// A flag as it is shown. A code that the forms do not offer is put into words as it stands.
#[must_use]
pub fn flag(code: &str) -> Flag {
    if let Some((_, tone, icon, word)) = FLAGS.iter().find(|(known, ..)| *known == code) {
        return Flag { tone: *tone, icon, word: (*word).to_owned() };
    }
    let words = code.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    let word = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    Flag { tone: Tone::None, icon: "flag", word }
}

/// One substance, what it did and how bad that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allergy {
    /// `penicillin`
    pub substance: String,
    /// `anaphylaxis`
    pub reaction: Option<String>,
    /// How bad it was.
    pub severity: AllergySeverity,
}

/// Puts the record's word on allergies and its list together, the worst first. Where they contradict each other, the
/// list counts: a listed allergy is never hidden by a word, and a word without its list is not to be relied on.
#[must_use]
pub fn allergies(status: AllergyStatus, mut list: Vec<Allergy>) -> Allergies {
    if list.is_empty() {
        return match status {
            AllergyStatus::Known => Allergies::Unavailable,
            AllergyStatus::NoneKnown => Allergies::NoneKnown,
            AllergyStatus::NotRecorded => Allergies::NotRecorded,
        };
    }
    list.sort_by(|a, b| b.severity.rank().cmp(&a.severity.rank()).then_with(|| a.substance.cmp(&b.substance)));
    Allergies::Known(list.into_iter().map(Allergy::words).collect())
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
    fn words(self) -> (String, String) {
        (self.substance, self.reaction.unwrap_or_else(|| "reaction not known".to_owned()))
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
    fn the_four_allergy_states_are_told_apart() {
        let list = vec![allergy("latex", AllergySeverity::Mild), allergy("penicillin", AllergySeverity::Severe)];
        let Allergies::Known(known) = allergies(AllergyStatus::Known, list) else { panic!("they are known") };
        assert_eq!(known.first(), Some(&("penicillin".to_owned(), "rash".to_owned())), "the worst first");
        assert_eq!(allergies(AllergyStatus::NoneKnown, vec![]), Allergies::NoneKnown);
        assert_eq!(allergies(AllergyStatus::NotRecorded, vec![]), Allergies::NotRecorded);
        assert_eq!(allergies(AllergyStatus::Known, vec![]), Allergies::Unavailable);
    }

    #[test]
    fn a_listed_allergy_is_never_hidden_by_a_word() {
        for status in AllergyStatus::ALL {
            let state = allergies(*status, vec![allergy("latex", AllergySeverity::Unknown)]);
            assert!(matches!(state, Allergies::Known(_)), "{status}");
        }
    }

    #[test]
    fn a_reaction_that_nobody_knows_is_said_in_words() {
        let allergy = Allergy { substance: "eggs".into(), reaction: None, severity: AllergySeverity::Unknown };
        assert_eq!(allergy.words().1, "reaction not known");
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
        assert_eq!(flag("HIGH_RISK").word, "High risk");
        assert_eq!(flag("NEEDS_TWO_CARERS").word, "Needs two carers");
    }

    #[test]
    fn every_name_of_the_schema_is_read_back() {
        for status in PatientStatus::ALL {
            assert_eq!(PatientStatus::from_name(status.as_str()), Some(*status));
        }
        assert_eq!(PatientStatus::from_name("active"), None);
    }
}
