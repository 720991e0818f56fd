//! Which language a text is in, by the small words that every sentence has and by the letters that
//! stand together.
//!
//! Two detectors look at the text: one counts words that carry no meaning of their own (`the`, `het`,
//! `que`), the other letters that are common in one language and rare in the others. A question has few
//! words, so both are asked and both are told. Only the languages that are asked about are weighed:
//! among two, four words are enough.
//!
//! Start at [`detect`].

use std::collections::HashMap;

use serde::Serialize;

/// What was found out about a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detected {
    /// The language, as `en`.
    #[serde(rename = "detected_language")]
    pub language: String,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// How it was found: `words`, `letters`, or both, `words+letters`.
    #[serde(rename = "detection_method")]
    pub method: &'static str,
    /// It was not sure enough, and the usual language was taken.
    pub fallback_used: bool,
    /// What each detector says by itself.
    pub alternatives: Vec<Guess>,
}

/// What one detector says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guess {
    /// The language.
    #[serde(rename = "detected_language")]
    pub language: String,
    /// How sure it is.
    pub confidence: f64,
    /// Which one.
    #[serde(rename = "detection_method")]
    pub method: &'static str,
}

/// The languages that can be told apart.
pub const KNOWN: [&str; 5] = ["en", "nl", "es", "de", "fr"];

/// What a language is called in English; its code when it is not known.
pub fn name(code: &str) -> &str {
    match code {
        "en" => "English",
        "nl" => "Dutch",
        "es" => "Spanish",
        "de" => "German",
        "fr" => "French",
        other => other,
    }
}

/// How sure one should be before a language is taken for that of a text.
pub const THRESHOLD: f64 = 0.7;

/// How much of a text is looked at, in characters: a page tells as much as a book.
const LOOKED_AT: usize = 4_000;

/// The languages that a text may be in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Languages<'a> {
    /// All of them.
    pub among: &'a [String],
    /// The one that is taken when it is not sure enough.
    pub usual: &'a str,
    /// How sure one should be, from 0 to 1.
    pub threshold: f64,
}

/// Finds out the language of `text` among `languages`; `usual` is taken when it is not sure enough.
///
/// Languages that are not [`KNOWN`] are never found.
pub fn detect(text: &str, languages: &[String], usual: &str, threshold: f64) -> Detected {
    let text: String = text.chars().take(LOOKED_AT).collect::<String>().to_lowercase();
    let known: Vec<&Profile> =
        PROFILES.iter().filter(|it| languages.iter().any(|asked| asked == it.code)).collect();
    let words = scores(&known, |it| it.score_of_words(&text, &known));
    let letters = scores(&known, |it| it.score_of_letters(&text));
    let mut both: HashMap<&'static str, f64> = HashMap::new();
    // A word tells more than letters: `the` is English, `th` may be anything.
    for (all, weight) in [(&words, 3.0), (&letters, 1.0)] {
        for (code, score) in all {
            *both.entry(*code).or_default() += score * weight;
        }
    }
    let mut both: Vec<(&'static str, f64)> = both.into_iter().collect();
    both.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let has = |all: &[(&str, f64)]| all.iter().any(|it| it.1 > 0.0);
    let method = match (has(&words), has(&letters)) {
        (true, true) => "words+letters",
        (true, false) => "words",
        _ => "letters",
    };
    let alternatives = [("words", &words), ("letters", &letters)].into_iter().filter_map(|it| {
        let (language, confidence) = best(it.1)?;
        Some(Guess { language: language.to_owned(), confidence, method: it.0 })
    });
    let alternatives = alternatives.collect();
    match best(&both) {
        Some((language, confidence)) if confidence >= threshold => {
            let language = language.to_owned();
            Detected { language, confidence, method, fallback_used: false, alternatives }
        }
        found => Detected {
            language: usual.to_owned(),
            confidence: found.map_or(0.0, |it| it.1),
            method,
            fallback_used: true,
            alternatives,
        },
    }
}

/// What makes a language known.
struct Profile {
    code: &'static str,
    /// Words without a meaning of their own, and those that questions begin with.
    words: &'static str,
    /// Letters that stand together often in this language and seldom in the others.
    letters: &'static [&'static str],
}

impl Profile {
    /// How many words of the text are of this language; one that several have counts in parts.
    fn score_of_words(&self, text: &str, among: &[&Self]) -> f64 {
        let of_text = text.split(|it: char| !it.is_alphabetic());
        of_text
            .filter(|it| !it.is_empty() && self.has(it))
            .map(|word| 1.0 / among.iter().filter(|it| it.has(word)).count().max(1) as f64)
            .sum()
    }

    fn has(&self, word: &str) -> bool {
        self.words.split(' ').any(|it| it == word)
    }

    /// How often its letters stand in the text, for each hundred letters.
    fn score_of_letters(&self, text: &str) -> f64 {
        let spaced = format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "));
        let found: usize = self.letters.iter().map(|it| spaced.matches(it).count()).sum();
        found as f64 * 100.0 / spaced.chars().count().max(20) as f64
    }
}

fn scores(known: &[&Profile], score: impl Fn(&Profile) -> f64) -> Vec<(&'static str, f64)> {
    let mut all: Vec<(&'static str, f64)> = known.iter().map(|it| (it.code, score(it))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    all
}

/// The first, and how far it is ahead of the second; less sure where little speaks at all.
fn best(sorted: &[(&'static str, f64)]) -> Option<(&'static str, f64)> {
    let (first, score) = *sorted.first()?;
    if score <= 0.0 {
        return None;
    }
    let second = sorted.get(1).map_or(0.0, |it| it.1);
    const LITTLE: f64 = 0.25;
    let confidence = score / (score + second + LITTLE);
    Some((first, (confidence * 1_000.0).round() / 1_000.0))
}

static PROFILES: [Profile; 5] = [
    Profile {
        code: "en",
        words: "the a an and or but if of to in on at by for from with without about into over after before \
                between during is are was were be been being has have had do does did will would can could \
                should may might must not no this that these those it its he she they them their we our you \
                your i my me who whom whose what which when where why how many much more most less least than \
                then there here all any each every some other show give list tell find compare per last next \
                week weeks month months year years yesterday today customers customer calls call top please",
        letters: &[
            "th", "wh", " of ", "ing ", "ight", "ough", "tion ", "ck", "ly ", " to ", "ea", "sh",
            "ould", " y", "'s ", "n't", "ew ", "ow ", "ay ",
        ],
    },
    Profile {
        code: "nl",
        words: "de het een en of maar als van naar in op aan bij voor uit met zonder over tot door na tussen \
                tijdens is zijn was waren wordt worden werd werden ben bent heb hebben heeft had hadden doe doet \
                zal zou kan kunnen konden moet moeten mag niet geen dit dat deze die er hij zij ze hun wij we ons \
                onze jij je jouw u uw ik mijn mij wie wiens wat welk welke wanneer waar waarom waarover hoe \
                hoeveel hoevaak meer meest meeste minder minst dan toen daar hier alle elk elke enige andere \
                toon geef laat zien vertel zoek vergelijk per afgelopen vorige volgende week weken maand maanden \
                jaar jaren gisteren vandaag klant klanten gesprek gesprekken bellen belt gebeld klachten graag",
        letters: &[
            "ij", "aa", "oo", "ee", "uu", "oe", "ui", "ieu", "sch", " ge", " ver", "cht", "eel ",
            "ijk", "aar", " het ", "uw ", "eer ", "je ", "lij", "nde ",
        ],
    },
    Profile {
        code: "es",
        words: "el la los las un una unos unas y o pero si de del a al en con sin por para sobre entre hasta \
                desde durante es son era eran ser estar está están fue fueron ha han había hay hace haga puede \
                pueden debe deben no ni este esta estos estas ese esa eso esos lo le les se me te nos su sus mi \
                mis tu yo él ella ellos ellas nosotros usted ustedes quién quiénes qué cuál cuáles cuándo dónde \
                cómo cuánto cuántos cuántas más menos muy también como cuando donde que porque todo toda todos \
                todas cada otro otra otros otras muestra dame compara semana semanas mes meses año años ayer hoy",
        letters: &[
            "ción", "ñ", "¿", "¡", "á", "í", "ó", "ú", "que ", " el ", " la ", "ll", "os ", "as ",
            " de ", "ado ", "dad ", "mente ", " un", "rr",
        ],
    },
    Profile {
        code: "de",
        words: "der die das ein eine einen einem einer und oder aber wenn von zu zum zur in im auf an am bei für \
                aus mit ohne über bis durch nach zwischen während ist sind war waren wird werden wurde wurden bin \
                bist habe haben hat hatte hatten tut kann können konnte muss müssen soll sollen darf nicht kein \
                keine dieser diese dieses es er sie wir uns unser ihr ihre ich mein mich mir du dich dein wer wen \
                wessen was welche welcher welches wann wo warum wie viel viele mehr meisten weniger als dann dort \
                hier alle jede jeder einige andere zeige gib nenne vergleiche pro letzte letzten nächste woche \
                wochen monat monate jahr jahre gestern heute kunden kunde anrufe anruf gespräche bitte",
        letters: &[
            "sch", "ß", "ä", "ö", "ü", "ung", "ich", "ei", "tz", "cht", " der ", " die ", "en ",
            "z ", "pf", "ver", "keit", "heit",
        ],
    },
    Profile {
        code: "fr",
        words: "le la les l un une des d et ou mais si de du au aux en dans vers car sur sous avec sans par pour entre depuis \
                pendant jusqu est sont était étaient être a ont avait avaient fait font peut peuvent doit doivent \
                ne n pas plus ce cet cette ces il elle ils elles on nous vous je tu me te se lui leur leurs mon ma \
                mes ton sa ses notre nos votre vos qui que qu quoi quel quelle quels quelles quand où pourquoi \
                comment combien moins très aussi comme tout toute tous toutes chaque autre autres montre donne \
                compare semaine semaines mois an ans année années hier aujourd hui",
        letters: &[
            "é", "è", "ê", "à", "ç", "eau", " qu", "ou", "eux", " l'", " d'", "oi", "aux", " les ",
            " des ", "ent ", "tion", "ai", "ez ",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn among(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|it| (*it).to_owned()).collect()
    }

    #[track_caller]
    fn check(text: &str, codes: &[&str], expected: &str) {
        let found = detect(text, &among(codes), "xx", THRESHOLD);
        assert_eq!(
            (found.language.as_str(), found.fallback_used),
            (expected, false),
            "{text}: {found:?}"
        );
    }

    #[test]
    fn a_question_of_a_few_words_is_told_apart() {
        for dutch in [
            "Waarover bellen klanten het meest?",
            "Hoeveel klachten waren er vorige week?",
            "Wat is het gemiddelde sentiment per onderwerp?",
            "Toon de top 5 onderwerpen van de afgelopen maand",
            "en vorige maand?",
        ] {
            check(dutch, &["nl", "en"], "nl");
        }
        for english in [
            "What do customers call about most?",
            "How many complaints were there last week?",
            "Show the top 5 topics of the last month",
            "Which topics are trending?",
            "and the month before?",
        ] {
            check(english, &["nl", "en"], "en");
        }
    }

    #[test]
    fn a_page_of_text_is_told_apart_among_all() {
        check(
            "We propose to move the warehouse to a new site because the lease of the old one ends in March.",
            &KNOWN,
            "en",
        );
        check(
            "Wij stellen voor om het magazijn te verplaatsen, omdat de huur van het oude in maart afloopt.",
            &KNOWN,
            "nl",
        );
        check(
            "Proponemos trasladar el almacén a un nuevo lugar porque el contrato del antiguo termina en marzo.",
            &KNOWN,
            "es",
        );
        check(
            "Wir schlagen vor, das Lager an einen neuen Ort zu verlegen, weil die Miete des alten im März endet.",
            &KNOWN,
            "de",
        );
        check(
            "Nous proposons de déplacer l'entrepôt vers un nouveau site, car le bail de l'ancien se termine en mars.",
            &KNOWN,
            "fr",
        );
    }

    #[test]
    fn what_says_nothing_is_taken_for_the_usual_language() {
        for text in ["", "42", "?!", "xkcd"] {
            let found = detect(text, &among(&["nl", "en"]), "nl", THRESHOLD);
            assert_eq!(
                (found.language.as_str(), found.fallback_used),
                ("nl", true),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn each_detector_says_what_it_found() {
        let found = detect(
            "What do customers call about most, and why?",
            &among(&["nl", "en"]),
            "nl",
            THRESHOLD,
        );
        let methods: Vec<&str> = found.alternatives.iter().map(|it| it.method).collect();
        assert_eq!(methods, ["words", "letters"]);
        assert!(found.confidence > THRESHOLD && found.confidence <= 1.0, "{found:?}");
    }
}
