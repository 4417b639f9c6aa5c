//! The words that made-up records are put together from.

/// Given names of women.
pub const WOMEN: [&str; 60] = [
    "Olivia", "Amelia", "Fatima", "Grace", "Sofia", "Aisha", "Emily", "Zofia", "Maria", "Chloe", "Priya", "Hannah", "Ngozi", "Leila", "Charlotte",
    "Eva", "Mei", "Ruth", "Ivana", "Siobhán", "Margaret", "Anna", "Zainab", "Élise", "Joan", "Katarzyna", "Dorothy", "Yuki", "Elizabeth", "Adaeze",
    "Susan", "Elena", "Patricia", "Noor", "Barbara", "Ingrid", "Linda", "Amara", "Sarah", "Carmen", "Karen", "Thandiwe", "Nancy", "Lucía", "Betty",
    "Agnieszka", "Helen", "Farah", "Sandra", "Ana", "Harpreet", "Carol", "Min-ji", "Sharon", "Gwen", "Michelle", "Rosa", "Deborah", "Ayşe", "Freya",
];

/// Given names of men.
pub const MEN: [&str; 60] = [
    "Oliver", "Mohammed", "George", "Noah", "Arthur", "Jakub", "James", "Daniel", "Omar", "Thomas", "Luca", "William", "Kwame", "Ali", "David",
    "Jan", "Michael", "Arjun", "Robert", "Chidi", "John", "Tomás", "Peter", "Wei", "Paul", "Hiroshi", "Mark", "Ivan", "Andrew", "José",
    "Stephen", "Ibrahim", "Kenneth", "Marek", "Edward", "Yusuf", "Brian", "Pieter", "Ronald", "Sanjay", "Anthony", "Olu", "Kevin", "Mateusz", "Jason",
    "Karim", "Gareth", "Rafael", "Gary", "Viktor", "Timothy", "Min-jun", "Larry", "Bo", "Eric", "Mehmet", "Desmond", "Stefan", "Alan", "Rhys",
];

/// Family names, the frequent ones first.
pub const FAMILIES: [&str; 120] = [
    "Smith", "Jones", "Khan", "Patel", "Williams", "Brown", "Taylor", "Davies", "Singh", "Wilson", "Evans", "Ahmed", "Thomas", "Roberts", "Johnson",
    "Nowak", "Walker", "Wright", "Hussain", "Robinson", "Thompson", "White", "Hughes", "Ali", "Edwards", "Green", "Hall", "Wood", "Begum", "Harris",
    "Lewis", "Martin", "Jackson", "Clarke", "Clark", "Okafor", "Turner", "Hill", "Scott", "Cooper", "Morris", "Ward", "Kaur", "Moore", "King",
    "Watson", "Baker", "Harrison", "Morgan", "Kowalska", "Young", "Allen", "Mitchell", "James", "Anderson", "Phillips", "Lee", "Bell", "Parker", "Davis",
    "Mensah", "Bennett", "Miller", "Cook", "Shaw", "Cox", "Richardson", "Carter", "Collins", "Marshall", "Nguyen", "Bailey", "Gray", "Adams", "Richards",
    "Hassan", "Wang", "Stevens", "Rogers", "Murphy", "O'Brien", "Chen", "Garcia", "Kelly", "Osei", "Fernandes", "Costa", "Rossi", "Müller", "Ivanov",
    "Popescu", "Silva", "Lindqvist", "Haddad", "Demir", "Tanaka", "Kim", "Novak", "Szymańska", "Adeyemi", "Abdi", "Ferreira", "Jansen", "Dubois", "Reyes",
    "Whitfield", "Chowdhury", "Achterberg", "Brandt", "Iqbal", "Nakamura", "Quinn", "Sokolov", "Trevelyan", "Underwood", "Vaughan", "Yılmaz", "Zając", "Ferguson", "Þórsson",
];

/// Substances and what they do.
pub const ALLERGIES: [(&str, &str, &str); 8] = [
    ("penicillin", "rash", "MODERATE"),
    ("latex", "rash", "MILD"),
    ("ibuprofen", "wheeze", "MODERATE"),
    ("peanut", "anaphylaxis", "SEVERE"),
    ("codeine", "confusion", "MODERATE"),
    ("trimethoprim", "vomiting", "MODERATE"),
    ("egg", "hives", "MILD"),
    ("wasp venom", "anaphylaxis", "SEVERE"),
];

/// Problems with their codes.
pub const CONDITIONS: [(&str, &str); 10] = [
    ("I10", "Essential hypertension"),
    ("E11.9", "Type 2 diabetes"),
    ("J45.9", "Asthma"),
    ("I50.9", "Heart failure"),
    ("J44.9", "COPD"),
    ("F32.1", "Depression, moderate"),
    ("N18.3", "Chronic kidney disease, stage 3"),
    ("M17.9", "Arthrosis of the knee"),
    ("I48.9", "Atrial fibrillation"),
    ("E66.9", "Obesity"),
];

/// What an alert says: type, title, line below it, unit, reference range, and where its readings end.
pub struct Story {
    /// `alert.type`.
    pub kind: &'static str,
    /// `alert.title`.
    pub title: &'static str,
    /// `alert.body`.
    pub body: &'static str,
    /// Name and unit of the readings.
    pub series: (&'static str, &'static str),
    /// Reference range.
    pub range: (i32, i32),
}

/// The kinds of alerts, in about the shares of a queue of remote monitoring.
pub const STORIES: [Story; 8] = [
    Story { kind: "BP_HIGH_TREND", title: "Blood pressure rising", body: "Mean of 3 days above the limit of the plan", series: ("Systolic", "mmHg"), range: (110, 135) },
    Story { kind: "BP_HIGH_TREND", title: "Blood pressure very high", body: "Mean of 3 readings in 24 h at or over 180/110", series: ("Systolic", "mmHg"), range: (110, 135) },
    Story { kind: "GLUCOSE_HIGH", title: "Glucose trend rising", body: "Fasting mean of 7 days above 10 mmol/L", series: ("Fasting glucose", "mmol/L"), range: (4, 7) },
    Story { kind: "MISSED_READING", title: "Readings missing", body: "No reading for 4 days. Plan: daily", series: ("Readings a week", ""), range: (4, 7) },
    Story { kind: "SPO2_LOW", title: "Oxygen saturation low", body: "Under 92 % twice in a day", series: ("SpO₂", "%"), range: (92, 100) },
    Story { kind: "APPOINTMENT_NO_SHOW", title: "Did not come to a visit", body: "Second missed visit this quarter", series: ("Visits missed", ""), range: (0, 1) },
    Story { kind: "MESSAGE_UNANSWERED", title: "Message waiting", body: "No answer for more than 24 hours", series: ("Hours", "h"), range: (0, 24) },
    Story { kind: "SLA_BREACH", title: "Care plan task overdue", body: "A week past its date", series: ("Tasks overdue", ""), range: (0, 1) },
];
