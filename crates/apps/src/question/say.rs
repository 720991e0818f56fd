//! What is said to people where no model speaks: why there is no answer, and what to ask instead. In the
//! languages that can be told apart.

use super::FOLLOWUPS;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The data does not tell.
    CannotAnswer,
    /// The query reached for what it may not have.
    Refused,
    /// The query was wrong, also after it was mended.
    NoQuery,
    /// The query would have taken too long or too much.
    TooMuch,
    /// The conversation is too long to go on.
    ContextExceeded,
}

impl Unanswered {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CannotAnswer => "cannot_answer",
            Self::Refused => "query_refused",
            Self::NoQuery => "no_query",
            Self::TooMuch => "query_too_heavy",
            Self::ContextExceeded => "context_exceeded",
        }
    }

    /// In a sentence for who asked.
    pub fn sentence(self, language: &str) -> &'static str {
        let [en, nl, es, de, fr] = match self {
            Self::CannotAnswer => [
                "The data does not hold what this question asks for.",
                "De gegevens bevatten niet wat deze vraag nodig heeft.",
                "Los datos no contienen lo que pide esta pregunta.",
                "Die Daten enthalten nicht, wonach diese Frage fragt.",
                "Les données ne contiennent pas ce que demande cette question.",
            ],
            Self::Refused => [
                "This question reaches for data that is not open to questions.",
                "Deze vraag gaat over gegevens die niet bevraagd mogen worden.",
                "Esta pregunta se refiere a datos que no se pueden consultar.",
                "Diese Frage betrifft Daten, die nicht abgefragt werden dürfen.",
                "Cette question porte sur des données qui ne peuvent pas être consultées.",
            ],
            Self::NoQuery => [
                "This question could not be worked out. Ask it in other words.",
                "Deze vraag kon niet worden uitgewerkt. Stel haar in andere woorden.",
                "No se pudo resolver esta pregunta. Formúlela con otras palabras.",
                "Diese Frage konnte nicht ausgearbeitet werden. Stellen Sie sie mit anderen Worten.",
                "Cette question n'a pas pu être traitée. Posez-la en d'autres termes.",
            ],
            Self::TooMuch => [
                "This question takes too much work. Ask about a shorter time or about fewer things.",
                "Deze vraag kost te veel werk. Vraag naar een kortere periode of naar minder.",
                "Esta pregunta requiere demasiado trabajo. Pregunte por un período más corto.",
                "Diese Frage ist zu aufwendig. Fragen Sie nach einem kürzeren Zeitraum.",
                "Cette question demande trop de travail. Choisissez une période plus courte.",
            ],
            Self::ContextExceeded => [
                "This conversation has become too long. Begin a new one.",
                "Dit gesprek is te lang geworden. Begin een nieuw gesprek.",
                "Esta conversación es demasiado larga. Empiece una nueva.",
                "Dieses Gespräch ist zu lang geworden. Beginnen Sie ein neues.",
                "Cette conversation est devenue trop longue. Commencez-en une nouvelle.",
            ],
        };
        of(language, [en, nl, es, de, fr])
    }
}

/// What can be asked of any data, when nothing better is known.
pub fn followups(language: &str) -> [&'static str; FOLLOWUPS] {
    [
        of(
            language,
            [
                "How many were there in the last month?",
                "Hoeveel waren er in de afgelopen maand?",
                "¿Cuántos hubo en el último mes?",
                "Wie viele gab es im letzten Monat?",
                "Combien y en a-t-il eu le mois dernier ?",
            ],
        ),
        of(
            language,
            [
                "How does that compare with the month before?",
                "Hoe verhoudt zich dat tot de maand ervoor?",
                "¿Cómo se compara con el mes anterior?",
                "Wie ist das im Vergleich zum Monat davor?",
                "Qu'en est-il par rapport au mois précédent ?",
            ],
        ),
        of(
            language,
            [
                "What stands out most in that time?",
                "Wat valt in die periode het meest op?",
                "¿Qué es lo más llamativo de ese período?",
                "Was fällt in diesem Zeitraum am meisten auf?",
                "Qu'est-ce qui ressort le plus sur cette période ?",
            ],
        ),
    ]
}

/// The name of a language, as a model is told it.
pub fn language_name(language: &str) -> &str {
    match language {
        "en" => "English",
        "nl" => "Dutch",
        "es" => "Spanish",
        "de" => "German",
        "fr" => "French",
        other => other,
    }
}

fn of(language: &str, [en, nl, es, de, fr]: [&'static str; 5]) -> &'static str {
    match language {
        "nl" => nl,
        "es" => es,
        "de" => de,
        "fr" => fr,
        _ => en,
    }
}
