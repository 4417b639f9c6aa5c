//! Two organizations, and who plays.

use crate::tables::Table;

/// A persona, or a database role without one.
pub struct Persona {
    /// As in the heading of the document.
    pub short: &'static str,
    /// The role of the person; empty for the machinery.
    pub role: &'static str,
    /// The database role.
    pub login: &'static str,
    /// Whether the role covers the whole organization.
    pub everywhere: bool,
    /// The last digits of the account.
    pub number: &'static str,
}

const fn person(short: &'static str, role: &'static str, number: &'static str) -> Persona {
    Persona { short, role, login: "almoner_app", everywhere: false, number }
}

const fn overseer(short: &'static str, role: &'static str, number: &'static str) -> Persona {
    Persona { short, role, login: "almoner_app", everywhere: true, number }
}

const fn machine(short: &'static str, role: &'static str, login: &'static str) -> Persona {
    Persona { short, role, login, everywhere: true, number: "98" }
}

/// Everybody, in the order of the columns.
pub const ALL: [Persona; 16] = [
    person("PAT", "PATIENT", "01"),
    person("CLI", "CLINICIAN", "02"),
    person("MA", "MEDICAL_ASSISTANT", "03"),
    person("CLK", "CLERK", "04"),
    person("CHR", "CHAIR", "05"),
    person("CW", "CASEWORKER", "06"),
    person("CAR", "CARER", "07"),
    person("MGR", "MANAGER", "08"),
    overseer("OWN", "OWNER", "09"),
    overseer("CMP", "COMPLIANCE", "10"),
    overseer("ADM", "ADMIN", "11"),
    machine("WRK", "SERVICE", "almoner_worker"),
    machine("AUT", "", "almoner_auth"),
    machine("ING", "SERVICE", "almoner_ingest"),
    machine("BAK", "", "almoner_backup"),
    machine("NOB", "", "almoner_app"),
];

impl Persona {
    /// The account.
    pub fn id(&self) -> String {
        format!("a0000000-0000-7000-8000-0000000000{}", self.number)
    }

    /// Takes the database role and the context, as the application does at the start of a transaction.
    pub fn become_them(&self) -> String {
        let context = match (self.role, self.everywhere) {
            ("", _) => String::new(),
            (role, true) => format!("{}|{}|{role}|*", Place::Here.organization(), self.id()),
            (role, false) => format!("{}|{}|{role}|{}", Place::Here.organization(), self.id(), Place::Here.facility()),
        };
        format!("SET LOCAL ROLE {}; SET LOCAL app.ctx = '{context}'", self.login)
    }
}

/// Where a row is, seen from the persona.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At their facility, of somebody else.
    Here,
    /// At another facility of their organization.
    There,
    /// Their own: made by them, assigned to them, or about their account.
    Own,
    /// About the patient that they are; for the persona PATIENT.
    Mine,
    /// In another organization.
    Foreign,
}

impl Place {
    /// The places that make a difference.
    pub fn of(table: &Table, persona: &Persona) -> Vec<Self> {
        let patient = persona.role == "PATIENT";
        [Self::Here, Self::There, Self::Own, Self::Mine, Self::Foreign]
            .into_iter()
            .filter(|place| table.places.contains(place.letter()) && (*place != Self::Mine || patient))
            .collect()
    }

    pub const fn letter(self) -> char {
        match self {
            Self::Here => 'h',
            Self::There => 't',
            Self::Own => 'o',
            Self::Mine => 'm',
            Self::Foreign => 'f',
        }
    }

    pub const fn organization(self) -> &'static str {
        match self {
            Self::Here | Self::There | Self::Own | Self::Mine => "10000000-0000-7000-8000-000000000001",
            Self::Foreign => "10000000-0000-7000-8000-000000000002",
        }
    }

    pub const fn facility(self) -> &'static str {
        match self {
            Self::Here | Self::Own | Self::Mine => "f0000000-0000-7000-8000-000000000001",
            Self::There => "f0000000-0000-7000-8000-000000000002",
            Self::Foreign => "f0000000-0000-7000-8000-000000000003",
        }
    }

    pub fn patient(self, persona: &Persona) -> &'static str {
        match self {
            Self::Own if persona.role == "PATIENT" => Self::Mine.patient(persona),
            Self::Here | Self::Own => "b0000000-0000-7000-8000-000000000001",
            Self::There => "b0000000-0000-7000-8000-000000000002",
            Self::Foreign => "b0000000-0000-7000-8000-000000000003",
            Self::Mine => "b0000000-0000-7000-8000-000000000004",
        }
    }

    /// Whose row it is.
    pub fn owner(self, persona: &Persona) -> String {
        match self {
            Self::Own => persona.id(),
            Self::Here | Self::There | Self::Mine => "a0000000-0000-7000-8000-000000000099".to_owned(),
            Self::Foreign => "a0000000-0000-7000-8000-000000000100".to_owned(),
        }
    }

    /// An alert at the place.
    pub const fn alert(self) -> &'static str {
        match self {
            Self::Here | Self::Own | Self::Mine => "e0000000-0000-7000-8000-000000000001",
            Self::There => "e0000000-0000-7000-8000-000000000002",
            Self::Foreign => "e0000000-0000-7000-8000-000000000003",
        }
    }

    /// A case at the place, opened by somebody else.
    pub const fn case(self) -> &'static str {
        match self {
            Self::Here | Self::Own | Self::Mine => "ca000000-0000-7000-8000-000000000001",
            Self::There => "ca000000-0000-7000-8000-000000000002",
            Self::Foreign => "ca000000-0000-7000-8000-000000000003",
        }
    }

    /// A service account or a member of staff of the organization: both have the same id here.
    pub const fn helper(self) -> &'static str {
        match self {
            Self::Here | Self::There | Self::Own | Self::Mine => "d0000000-0000-7000-8000-000000000001",
            Self::Foreign => "d0000000-0000-7000-8000-000000000002",
        }
    }
}

/// Written past every policy, as the superuser.
pub const SCENE: &str = "
    INSERT INTO organization (id, name) VALUES ('10000000-0000-7000-8000-000000000001', 'North'), ('10000000-0000-7000-8000-000000000002', 'South');
    INSERT INTO facility (organization_id, id, name, kind) VALUES
        ('10000000-0000-7000-8000-000000000001', 'f0000000-0000-7000-8000-000000000001', 'Here', 'CLINIC'),
        ('10000000-0000-7000-8000-000000000001', 'f0000000-0000-7000-8000-000000000002', 'There', 'CARE_HOME'),
        ('10000000-0000-7000-8000-000000000002', 'f0000000-0000-7000-8000-000000000003', 'Foreign', 'CLINIC');
    INSERT INTO app_user (organization_id, id, email, first_name, last_name, status, password_hash)
        SELECT '10000000-0000-7000-8000-000000000001', ('a0000000-0000-7000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, n || '@north.example', 'Person', n::text, 'ACTIVE', 'x'
        FROM generate_series(1, 99) AS n WHERE n < 12 OR n > 97;
    INSERT INTO app_user (organization_id, id, email, first_name, last_name, status, password_hash) VALUES
        ('10000000-0000-7000-8000-000000000002', 'a0000000-0000-7000-8000-000000000100', '100@south.example', 'Person', '100', 'ACTIVE', 'x');
    INSERT INTO service_account (organization_id, id, name, secret_enc) VALUES
        ('10000000-0000-7000-8000-000000000001', 'd0000000-0000-7000-8000-000000000001', 'Feed', 'x'),
        ('10000000-0000-7000-8000-000000000002', 'd0000000-0000-7000-8000-000000000002', 'Feed', 'x');
    INSERT INTO staff (organization_id, id, name) VALUES
        ('10000000-0000-7000-8000-000000000001', 'd0000000-0000-7000-8000-000000000001', 'Dr Here'),
        ('10000000-0000-7000-8000-000000000002', 'd0000000-0000-7000-8000-000000000002', 'Dr Foreign');
    INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth, medical_record_number_enc, medical_record_number_bidx) VALUES
        ('10000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000001', 'f0000000-0000-7000-8000-000000000001', 'A', 'Here', 'here a', 'a here', '1950-01-01', 'x', 'here'),
        ('10000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000002', 'f0000000-0000-7000-8000-000000000002', 'A', 'There', 'there a', 'a there', '1950-01-01', 'x', 'there'),
        ('10000000-0000-7000-8000-000000000002', 'b0000000-0000-7000-8000-000000000003', 'f0000000-0000-7000-8000-000000000003', 'A', 'Foreign', 'foreign a', 'a foreign', '1950-01-01', 'x', 'here'),
        ('10000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000004', 'f0000000-0000-7000-8000-000000000001', 'A', 'Mine', 'mine a', 'a mine', '1950-01-01', 'x', 'mine');
    INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, status) VALUES
        ('10000000-0000-7000-8000-000000000001', 'c0000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000004', 'a0000000-0000-7000-8000-000000000001', 'SELF', 'ACTIVE');
    INSERT INTO alert (organization_id, id, facility_id, patient_id, type, severity, title) VALUES
        ('10000000-0000-7000-8000-000000000001', 'e0000000-0000-7000-8000-000000000001', 'f0000000-0000-7000-8000-000000000001', 'b0000000-0000-7000-8000-000000000001', 'T1', 'INFO', 'x'),
        ('10000000-0000-7000-8000-000000000001', 'e0000000-0000-7000-8000-000000000002', 'f0000000-0000-7000-8000-000000000002', 'b0000000-0000-7000-8000-000000000002', 'T1', 'INFO', 'x'),
        ('10000000-0000-7000-8000-000000000002', 'e0000000-0000-7000-8000-000000000003', 'f0000000-0000-7000-8000-000000000003', 'b0000000-0000-7000-8000-000000000003', 'T1', 'INFO', 'x');
    INSERT INTO cases (organization_id, id, facility_id, title, created_by_id) VALUES
        ('10000000-0000-7000-8000-000000000001', 'ca000000-0000-7000-8000-000000000001', 'f0000000-0000-7000-8000-000000000001', 'x', 'a0000000-0000-7000-8000-000000000099'),
        ('10000000-0000-7000-8000-000000000001', 'ca000000-0000-7000-8000-000000000002', 'f0000000-0000-7000-8000-000000000002', 'x', 'a0000000-0000-7000-8000-000000000099'),
        ('10000000-0000-7000-8000-000000000002', 'ca000000-0000-7000-8000-000000000003', 'f0000000-0000-7000-8000-000000000003', 'x', 'a0000000-0000-7000-8000-000000000100');
    -- A visit at each place, with the id of the alert there.
    INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason)
        SELECT a.organization_id, a.id, a.facility_id, a.patient_id, s.id, 'SCHEDULED', 'IN_PERSON', now() + INTERVAL '1 day', now() + INTERVAL '25 hours', 'x'
        FROM alert AS a JOIN staff AS s ON s.organization_id = a.organization_id;
    -- A video visit of every patient, with the clinician of the scene; its id begins with ee.
    INSERT INTO staff (organization_id, id, name, user_id) VALUES
        ('10000000-0000-7000-8000-000000000001', 'd0000000-0000-7000-8000-000000000003', 'Dr Call', 'a0000000-0000-7000-8000-000000000002'),
        ('10000000-0000-7000-8000-000000000002', 'd0000000-0000-7000-8000-000000000004', 'Dr Call', 'a0000000-0000-7000-8000-000000000100');
    INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason)
        SELECT p.organization_id, overlay(p.id::text placing 'ee' from 1)::uuid, p.facility_id, p.id, s.id, 'SCHEDULED', 'VIRTUAL', now(), now() + INTERVAL '30 minutes', 'x'
        FROM patient AS p JOIN staff AS s ON s.organization_id = p.organization_id AND s.name = 'Dr Call';
    INSERT INTO content_item (organization_id, id, title, body, minutes) VALUES
        ('10000000-0000-7000-8000-000000000001', 'd0000000-0000-7000-8000-000000000001', 'x', 'y', 1),
        ('10000000-0000-7000-8000-000000000002', 'd0000000-0000-7000-8000-000000000002', 'x', 'y', 1);
    INSERT INTO task (organization_id, id, kind, case_id, title, created_by_id)
        SELECT organization_id, overlay(id::text placing 'da' from 1)::uuid, 'CASE', id, 'x', created_by_id FROM cases;";
