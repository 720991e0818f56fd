//! What a new password must be like, and which ones everybody knows.
//!
//! Plain decisions about a text; that it is not one of the last few is found out in `former`.

use base::Secret;

use super::Unacceptable;
use crate::settings::PasswordRules;

/// With more than this many figures and signs around it, a common word is not common any more.
const AROUND_MAX: usize = 5;

/// May this be somebody's password?
///
/// # Errors
/// Everything that it lacks, or the one thing that is wrong with it.
pub fn check(rules: &PasswordRules, password: &Secret<String>) -> Result<(), Unacceptable> {
    let text = password.reveal();
    let chars = text.chars().count();
    if chars < rules.chars_min {
        return Err(Unacceptable::TooShort { least: rules.chars_min });
    }
    if chars > rules.chars_max {
        return Err(Unacceptable::TooLong { most: rules.chars_max });
    }
    let lacks: Vec<&'static str> = [
        (rules.upper, text.chars().any(char::is_uppercase), "an upper-case letter"),
        (rules.lower, text.chars().any(char::is_lowercase), "a lower-case letter"),
        (rules.digit, text.chars().any(char::is_numeric), "a digit"),
        (rules.special, text.chars().any(is_special), "a special character"),
    ]
    .into_iter()
    .filter(|(is_needed, is_there, _)| *is_needed && !is_there)
    .map(|it| it.2)
    .collect();
    if !lacks.is_empty() {
        return Err(Unacceptable::Lacks(lacks));
    }
    if rules.refuse_common && is_common(text) {
        return Err(Unacceptable::Common);
    }
    Ok(())
}

fn is_special(letter: char) -> bool {
    !letter.is_alphanumeric() && !letter.is_control()
}

/// Is it among those that are tried first: a common word or row of keys, written in whatever case, with letters made
/// figures, or with a few figures and signs around it; one letter again and again; or a row of figures?
fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    let plain = unmasked(&lower);
    let word = lower.trim_matches(|it: char| !it.is_alphabetic());
    // A mask may stand at the edge, where trimming takes it for decoration: `p@$$w0rd`, `@dmin123`.
    let masked = unmasked(
        lower.trim_matches(|it: char| it.is_ascii_punctuation() && it != '@' && it != '$'),
    );
    let around = lower.chars().count() - word.chars().count();
    is_listed(&lower)
        || is_listed(&plain)
        || is_listed(&masked)
        || is_monotone(&lower)
        || (around <= AROUND_MAX && (is_listed(word) || is_listed(&unmasked(word))))
}

/// With the letters that figures and signs usually stand for.
fn unmasked(text: &str) -> String {
    let letter = |it: char| match it {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

fn is_listed(text: &str) -> bool {
    COMMON.split_ascii_whitespace().any(|it| it == text)
}

/// One character again and again, or figures that only count up or down.
fn is_monotone(text: &str) -> bool {
    let letters: Vec<u32> = text.chars().map(u32::from).collect();
    let goes = |step: i64| letters.windows(2).all(|it| i64::from(it[1]) - i64::from(it[0]) == step);
    letters.len() > 1 && (goes(0) || goes(1) || goes(-1))
}

/// What people choose most, in lower case and without decoration: the words, names and rows of keys that stand at the
/// top of every published count of leaked passwords, and the words that a business puts into its own.
const COMMON: &str = "
    password passwort passw0rd passwd pass passcode password1 password12 password123 mypassword newpassword contraseña
    contrasena secret secreto clave admin administrator administrador root toor user usuario guest test testing tester
    demo sample example default changeme changeit letmein letmeinnow welcome welcome1 bienvenido willkommen hello hola
    hallo login logmein signin access master superuser superman batman spiderman ironman pokemon naruto dragon monkey
    tiger lion eagle falcon phoenix unicorn butterfly dolphin panther cheetah wolf bear shadow ninja samurai warrior
    knight wizard merlin gandalf frodo starwars startrek matrix trustno1 whatever nothing something anything everything
    iloveyou iloveu loveyou lovely loveme love forever always princess princesa angel angels sunshine sunflower rainbow
    summer winter spring autumn verano invierno primavera sommer january february march april may june july august
    september october november december monday tuesday wednesday thursday friday saturday sunday baseball football
    basketball soccer hockey tennis golf swimming fishing hunting racing futbol liverpool arsenal chelsea barcelona
    realmadrid juventus manchester everton celtic rangers yankees lakers cowboys steelers eagles redsox patriots
    packers michael michelle jennifer jessica ashley amanda daniel david robert thomas charlie charles jordan joshua
    andrew anthony matthew christopher nicholas alexander alexandra benjamin samantha elizabeth victoria stephanie
    nicole natasha maria martin patrick richard william george harley ginger pepper cookie cookies chocolate cheese
    banana orange apple cherry strawberry coffee pizza hamburger bubbles buster bailey maggie molly sophie daisy
    buddy lucky rocky oliver max jack killer hunter ranger cowboy pirate soldier trooper marine army navy police
    hammer thunder lightning storm silver golden diamond crystal blue green purple yellow black white red money
    dollar cash million business company corporate office manager director president sales marketing finance
    invest investment healthcare hospital clinic doctor nurse medical health computer internet windows microsoft
    google facebook linkedin twitter instagram youtube amazon samsung iphone android apple123 server database
    network security private secure system backup support service helpdesk america canada mexico london paris berlin
    madrid texas florida california newyork chicago boston dallas germany france england ireland scotland australia
    freedom liberty justice peace jesus christ church heaven blessed faith grace mother father brother sister family
    baby babygirl babyboy darling sweetie honey sexy beautiful handsome perfect awesome amazing fantastic
    corvette mustang ferrari porsche mercedes toyota honda yamaha chevrolet harleydavidson
    qwerty qwertz azerty qwertyui qwertyuiop qwertzuiop qwerty1 qwerty12 qwerty123 qwerty1234 qwe123 qweasd qweasdzxc
    asdf asdfg asdfgh asdfghjk asdfghjkl zxcv zxcvb zxcvbn zxcvbnm 1qaz 1qaz2wsx 1qazxsw2 2wsx3edc zaq12wsx zaq1zaq1
    q1w2e3r4 q1w2e3r4t5 1q2w3e4r 1q2w3e4r5t 1q2w3e qazwsx qazwsxedc wsxedc poiuytrewq mnbvcxz lkjhgfdsa abc abc123
    abcd1234 abcdef abcdefg abcdefgh a1b2c3 a1b2c3d4 aa123456 a123456 a12345678 123abc 123qwe 123456a 1234qwer 12qwaszx
    112233 11223344 121212 123123 123123123 123321 12344321 123654 12341234 1234567890 0987654321 13579 147258
    147258369 159753 159357 192837465 24681012 246810 258456 31415926 654321 666666 696969 741852963 753951 77777777
    789456 789456123 87654321 88888888 987654321 99999999 00000000 11111111 12121212 10203040 1029384756 20202020
";

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: PasswordRules = PasswordRules {
        chars_min: 8,
        chars_max: 128,
        upper: true,
        lower: true,
        digit: true,
        special: true,
        refuse_common: true,
        last: 5,
    };

    #[track_caller]
    fn check_is(rules: &PasswordRules, password: &str, expected: &str) {
        let found = check(rules, &Secret::new(password.to_owned()));
        let found = found.map_or_else(|it| it.to_string(), |()| "accepted".to_owned());
        assert_eq!(found, expected, "{password}");
    }

    #[test]
    fn without_rules_only_the_length_counts() {
        let rules = PasswordRules::default();
        check_is(&rules, &"ä".repeat(7), "a password needs at least 8 characters");
        check_is(&rules, &"ä".repeat(8), "accepted");
        check_is(&rules, &"ä".repeat(256), "accepted");
        check_is(
            &rules,
            &"ä".repeat(257),
            "the password is too long: it may have at most 256 characters",
        );
        check_is(&rules, "password", "accepted");
    }

    #[test]
    fn everything_that_a_password_lacks_is_told_at_once() {
        check_is(&STRICT, "kestrel over fen", "a password needs an upper-case letter, a digit");
        check_is(
            &STRICT,
            "KESTREL9OVERFEN",
            "a password needs a lower-case letter, a special character",
        );
        check_is(&STRICT, "Kestrel over 9 fens", "accepted");
        check_is(
            &STRICT,
            &"Kestrel over 9 ".repeat(9),
            "the password is too long: it may have at most 128 characters",
        );
    }

    #[test]
    fn a_common_password_is_refused_however_it_is_dressed_up() {
        let refused = "this password is one of those that are tried first; choose another";
        for common in [
            "Password1!",
            "P@ssw0rd1!",
            "P@$$w0rd1",
            "Summer2024!",
            "Welcome#1",
            "Qwerty123!",
            "!Admin2024",
        ] {
            let rules = PasswordRules { special: false, ..STRICT };
            check_is(&rules, common, refused);
        }
        let rules = PasswordRules { refuse_common: true, ..PasswordRules::default() };
        for common in
            ["12345678", "87654321", "aaaaaaaa", "abcdefghij", "1q2w3e4r", "PASSWORD", "iloveyou"]
        {
            check_is(&rules, common, refused);
        }
        for own in ["Dragon!2#4$6&8x", "correct horse battery staple", "Summer rain on 3 roofs"] {
            check_is(&rules, own, "accepted");
        }
    }

    #[test]
    fn the_list_is_as_it_is_compared() {
        for word in COMMON.split_ascii_whitespace() {
            assert_eq!(word, word.to_lowercase());
            assert!(word.chars().count() >= 3, "{word}");
        }
    }
}
