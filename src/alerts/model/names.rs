//! The words of alerts: how grave, what about, how far, and why closed.

use std::time::Duration;

use crate::named::named;

named! {
    /// How soon somebody has to look. The first is the most urgent.
    Severity {
        /// Now.
        Critical = "CRITICAL", "Critical";
        /// Within the hour.
        High = "HIGH", "High";
        /// Today.
        Warning = "WARNING", "Warning";
        /// When there is time.
        Info = "INFO", "Info";
    }
}

named! {
    /// Where the work on an alert is.
    AlertStatus {
        /// Nobody has taken notice yet.
        Active = "ACTIVE", "New";
        /// Somebody has, and is on it.
        Acknowledged = "ACKNOWLEDGED", "Acknowledged";
        /// Put aside until a time.
        Snoozed = "SNOOZED", "Snoozed";
        /// Dealt with.
        Resolved = "RESOLVED", "Resolved";
        /// Needed nothing.
        Dismissed = "DISMISSED", "Dismissed";
    }
}

named! {
    /// What an alert is about.
    AlertType {
        /// Blood pressure too high, or rising.
        BpHighTrend = "BP_HIGH_TREND", "Blood pressure";
        /// Glucose too high, or rising.
        GlucoseHigh = "GLUCOSE_HIGH", "Glucose";
        /// Readings that should have come did not.
        MissedReading = "MISSED_READING", "Missed readings";
        /// A visit that nobody came to.
        AppointmentNoShow = "APPOINTMENT_NO_SHOW", "No-show";
        /// A message that waits too long.
        MessageUnanswered = "MESSAGE_UNANSWERED", "Unanswered message";
        /// A grave incident.
        IncidentHigh = "INCIDENT_HIGH", "Incident";
        /// A promised time that has passed.
        SlaBreach = "SLA_BREACH", "Overdue";
        /// A training that has run out.
        TrainingExpired = "TRAINING_EXPIRED", "Training";
    }
}

named! {
    /// Why an alert was closed.
    AlertReason {
        /// The patient was spoken to.
        ContactedPatient = "CONTACTED_PATIENT", "Contacted the patient";
        /// The treatment was changed.
        TreatmentChanged = "TREATMENT_CHANGED", "Treatment changed";
        /// A visit was booked.
        VisitBooked = "VISIT_BOOKED", "Visit booked";
        /// Known and no surprise.
        Expected = "EXPECTED", "Expected for this patient";
        /// The reading was wrong.
        DeviceError = "DEVICE_ERROR", "Device error";
        /// Another alert says the same.
        Duplicate = "DUPLICATE", "Duplicate";
        /// Not a clinical matter.
        NotClinical = "NOT_CLINICAL", "Not clinical";
        /// The readings are well again; the rule that raised it says so.
        Recovered = "RECOVERED", "Recovered by itself";
        /// Something else, in words.
        Other = "OTHER", "Other";
    }
}

impl Severity {
    /// How long an acknowledgement holds before the alert returns to the queue by itself, so that nothing urgent is
    /// lost with the shift of the person who took it. None for what is not urgent.
    #[must_use]
    pub const fn acknowledgement_holds(self) -> Option<Duration> {
        match self {
            Self::Critical => Some(Duration::from_mins(15)),
            Self::High => Some(Duration::from_hours(1)),
            Self::Warning => Some(Duration::from_hours(4)),
            Self::Info => None,
        }
    }

    /// The class of the stylesheet: shape and colour.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Critical => "crit",
            Self::High => "high",
            Self::Warning => "warn",
            Self::Info => "info",
        }
    }
}

impl AlertStatus {
    /// Whether there is still something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Active | Self::Acknowledged | Self::Snoozed => true,
            Self::Resolved | Self::Dismissed => false,
        }
    }
}

impl AlertReason {
    /// Reasons to resolve: something was done.
    pub const TO_RESOLVE: [Self; 5] =
        [Self::ContactedPatient, Self::TreatmentChanged, Self::VisitBooked, Self::Expected, Self::Other];

    /// Reasons to dismiss: nothing was needed.
    pub const TO_DISMISS: [Self; 5] =
        [Self::DeviceError, Self::Duplicate, Self::Expected, Self::NotClinical, Self::Other];
}
