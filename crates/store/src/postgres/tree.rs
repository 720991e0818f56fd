//! What PostgreSQL makes of a query, looked through before the query runs.
//!
//! The server itself has read the query and found out what each name in it means: every table, every
//! function, every operator and every type stands in its tree with its number. Only what is known to do
//! no harm may stand there; a kind of node, a number or a type that is not on a list is refused, also one
//! that a later PostgreSQL brings. A name in a query can look like whatever it wants: in the tree it is
//! written so that it is no node.
//!
//! Start at [`check`].

use std::collections::{BTreeSet, HashSet};

/// What may stand in a tree.
pub(super) struct Allowed<'a> {
    /// The numbers of the views.
    pub(super) relations: &'a HashSet<u64>,
    /// The numbers of the functions.
    pub(super) functions: &'a HashSet<u64>,
}

/// What stands in a tree and should not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A table that is none of the views.
    Relation(u64),
    /// A function that is on no list.
    Function(u64),
    /// A type that is on no list.
    Type(u64),
    /// A way of writing that is on no list.
    Node(String),
    /// The query calls itself.
    Recursive,
    /// The tree is not one.
    Unreadable,
}

/// Looks through the tree of a query. Gives the functions behind its operators, which are still to be
/// looked up.
pub(super) fn check(tree: &str, allowed: &Allowed<'_>) -> Result<BTreeSet<u64>, Fault> {
    let mut operators = BTreeSet::new();
    let mut nodes: Vec<&str> = Vec::new();
    let mut field: Option<&str> = None;
    let mut seen_query = false;
    let mut tokens = Tokens { rest: tree };
    while let Some(token) = tokens.next() {
        match token {
            Token::Open(name) => {
                if !NODES.contains(&name) {
                    return Err(Fault::Node(name.chars().take(40).collect()));
                }
                seen_query |= name == "QUERY";
                nodes.push(name);
                field = None;
            }
            Token::Close => {
                nodes.pop().ok_or(Fault::Unreadable)?;
                field = None;
            }
            Token::Field(name) => field = Some(name),
            Token::Word(word) => {
                let (Some(node), Some(name)) = (nodes.last(), field.take()) else { continue };
                value(node, name, word, allowed, &mut operators)?;
            }
        }
    }
    if nodes.is_empty() && seen_query { Ok(operators) } else { Err(Fault::Unreadable) }
}

/// One field of a node.
fn value(
    node: &str,
    field: &str,
    word: &str,
    allowed: &Allowed<'_>,
    operators: &mut BTreeSet<u64>,
) -> Result<(), Fault> {
    let number = || word.parse::<u64>().map_err(|_| Fault::Unreadable);
    match (node, field) {
        ("QUERY", "commandType") if word != "1" => Err(Fault::Node("no SELECT".into())),
        ("QUERY", "utilityStmt" | "rowMarks" | "returningList") if word != "<>" => {
            Err(Fault::Node(field.into()))
        }
        ("QUERY", "hasTargetSRFs" | "hasModifyingCTE" | "hasForUpdate") if word != "false" => {
            Err(Fault::Node(field.into()))
        }
        ("QUERY", "hasRecursive") | ("COMMONTABLEEXPR", "cterecursive") if word != "false" => {
            Err(Fault::Recursive)
        }
        ("RANGETBLENTRY" | "RTE", "rtekind") if !RTE_KINDS.contains(&word) => {
            Err(Fault::Node("a function in place of a table".into()))
        }
        ("RANGETBLENTRY" | "RTE", "tablesample") if word != "<>" => Err(Fault::Node(field.into())),
        ("RANGETBLENTRY" | "RTE" | "RTEPERMISSIONINFO", "relid") => match number()? {
            0 => Ok(()),
            it if allowed.relations.contains(&it) => Ok(()),
            it => Err(Fault::Relation(it)),
        },
        (_, "funcid" | "aggfnoid" | "winfnoid") => match number()? {
            it if allowed.functions.contains(&it) => Ok(()),
            it => Err(Fault::Function(it)),
        },
        (_, "funcretset" | "opretset") if word != "false" => Err(Fault::Node(field.into())),
        (_, "opfuncid") => match number()? {
            0 => Err(Fault::Unreadable),
            it => {
                operators.insert(it);
                Ok(())
            }
        },
        ("SQLVALUEFUNCTION", "op") if number()? > LAST_OF_TIME => {
            Err(Fault::Node("a value of the session".into()))
        }
        (_, field) if TYPE_FIELDS.contains(&field) => match number()? {
            it if TYPES.contains(&it) => Ok(()),
            it => Err(Fault::Type(it)),
        },
        _ => Ok(()),
    }
}

/// Tables, queries in a query, joins, values, parts with a name, no table, groups.
const RTE_KINDS: [&str; 7] = ["0", "1", "2", "5", "6", "8", "9"];

/// The values that SQL knows by a word: those of time come first, up to this number; users, roles,
/// databases and schemas come after them.
const LAST_OF_TIME: u64 = 8;

/// The kinds of nodes, under the names of all versions from 13 on.
const NODES: &[&str] = &[
    "AGGREF",
    "ALIAS",
    "ARRAY",
    "ARRAYEXPR",
    "BOOLEANTEST",
    "BOOLEXPR",
    "CASE",
    "CASEEXPR",
    "CASETESTEXPR",
    "CASEWHEN",
    "COALESCE",
    "COALESCEEXPR",
    "COERCEVIAIO",
    "COLLATE",
    "COLLATEEXPR",
    "COMMONTABLEEXPR",
    "CONST",
    "DISTINCTEXPR",
    "FROMEXPR",
    "FUNCEXPR",
    "GROUPINGFUNC",
    "GROUPINGSET",
    "JOINEXPR",
    "MINMAX",
    "MINMAXEXPR",
    "NAMEDARGEXPR",
    "NULLIFEXPR",
    "NULLTEST",
    "OPEXPR",
    "PARAM",
    "QUERY",
    "RANGETBLENTRY",
    "RANGETBLREF",
    "RELABELTYPE",
    "RTE",
    "RTEPERMISSIONINFO",
    "SCALARARRAYOPEXPR",
    "SETOPERATIONSTMT",
    "SORTGROUPCLAUSE",
    "SQLVALUEFUNCTION",
    "SUBLINK",
    "TARGETENTRY",
    "VAR",
    "WHEN",
    "WINDOWCLAUSE",
    "WINDOWFUNC",
];

/// Where a type stands.
const TYPE_FIELDS: &[&str] = &[
    "aggtype",
    "array_typeid",
    "casetype",
    "coalescetype",
    "consttype",
    "element_typeid",
    "funcresulttype",
    "minmaxtype",
    "opresulttype",
    "paramtype",
    "resulttype",
    "type",
    "typeId",
    "vartype",
    "wintype",
];

/// Truth, whole numbers, text, floating-point numbers, dates and times, exact numbers, and lists of them.
const TYPES: &[u64] = &[
    16, 20, 21, 23, 25, 700, 701, 705, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 1000,
    1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1115, 1182, 1183, 1185, 1187, 1231, 1270,
];

enum Token<'a> {
    /// `{NAME`
    Open(&'a str),
    /// `}`
    Close,
    /// `:name`
    Field(&'a str),
    /// A value, or part of one.
    Word(&'a str),
}

/// The words of a tree. A backslash takes the next character as it is, as the server wrote it.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let is_frame = |it: char| it.is_ascii_whitespace() || matches!(it, '(' | ')' | '[' | ']');
        self.rest = self.rest.trim_start_matches(is_frame);
        match self.rest.chars().next()? {
            '{' => {
                self.rest = &self.rest[1..];
                Some(Token::Open(self.word()))
            }
            '}' => {
                self.rest = &self.rest[1..];
                Some(Token::Close)
            }
            ':' => {
                self.rest = &self.rest[1..];
                Some(Token::Field(self.word()))
            }
            _ => Some(Token::Word(self.word())),
        }
    }

    /// Up to what ends a word and is not escaped.
    fn word(&mut self) -> &'a str {
        let mut is_escaped = false;
        let end = self.rest.find(|it: char| {
            if is_escaped {
                is_escaped = false;
                return false;
            }
            is_escaped = it == '\\';
            it.is_ascii_whitespace() || matches!(it, '(' | ')' | '{' | '}')
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SELECT count(*) AS n FROM calls WHERE topic = 'a'`, as PostgreSQL 15 writes it, shortened.
    const COUNT: &str = r#"({QUERY :commandType 1 :querySource 0 :canSetTag true :utilityStmt <> :resultRelation 0
        :hasAggs true :hasTargetSRFs false :hasRecursive false :hasModifyingCTE false :hasForUpdate false :cteList <>
        :rtable ({RANGETBLENTRY :alias {ALIAS :aliasname old :colnames <>} :eref {ALIAS :aliasname old :colnames ("n")}
        :rtekind 0 :relid 16600 :relkind v :rellockmode 1 :tablesample <> :lateral false}
        {RANGETBLENTRY :alias <> :eref {ALIAS :aliasname calls :colnames ("topic" "n" "d")} :rtekind 0 :relid 16596
        :relkind v :rellockmode 1 :tablesample <> :selectedCols (b 8) :securityQuals <>})
        :jointree {FROMEXPR :fromlist ({RANGETBLREF :rtindex 3}) :quals {OPEXPR :opno 98 :opfuncid 67 :opresulttype 16
        :opretset false :opcollid 0 :inputcollid 100 :args ({VAR :varno 3 :varattno 1 :vartype 25 :vartypmod -1}
        {CONST :consttype 25 :constisnull false :constvalue 5 [ 20 0 0 0 97 ]}) :location 71}}
        :targetList ({TARGETENTRY :expr {AGGREF :aggfnoid 2803 :aggtype 20 :aggargtypes <> :aggstar true :location 34}
        :resno 1 :resname n :resjunk false}) :groupClause <> :rowMarks <> :setOperations <> :stmt_len 77})"#;

    #[track_caller]
    fn found(tree: &str) -> Result<Vec<u64>, Fault> {
        let (relations, functions) = (HashSet::from([16596, 16600]), HashSet::from([2803]));
        let allowed = Allowed { relations: &relations, functions: &functions };
        check(tree, &allowed).map(|it| it.into_iter().collect())
    }

    #[track_caller]
    fn refused(old: &str, new: &str, expected: Fault) {
        assert!(COUNT.contains(old), "`{old}` is not in the tree");
        assert_eq!(found(&COUNT.replace(old, new)), Err(expected));
    }

    #[test]
    fn a_plain_query_is_fine_and_tells_its_operators() {
        assert_eq!(found(COUNT), Ok(vec![67]));
    }

    #[test]
    fn a_table_a_function_or_a_type_that_is_on_no_list_is_refused() {
        refused(":relid 16596", ":relid 1259", Fault::Relation(1259));
        refused("2803", "3826", Fault::Function(3826));
        refused(":vartype 25", ":vartype 2205", Fault::Type(2205));
    }

    #[test]
    fn a_way_of_writing_that_is_on_no_list_is_refused() {
        refused("{FROMEXPR", "{XMLEXPR", Fault::Node("XMLEXPR".into()));
        refused(":hasRecursive false", ":hasRecursive true", Fault::Recursive);
        refused(":hasTargetSRFs false", ":hasTargetSRFs true", Fault::Node("hasTargetSRFs".into()));
        let function = Fault::Node("a function in place of a table".into());
        refused(":rtekind 0 :relid 16596", ":rtekind 3 :relid 0", function);
        refused("({RANGETBLREF", "({ROWMARKCLAUSE", Fault::Node("ROWMARKCLAUSE".into()));
    }

    #[test]
    fn a_name_that_looks_like_a_node_is_a_name() {
        let named = COUNT.replace(":resname n", r":resname \{FUNCEXPR\ :funcid\ 1");
        assert_eq!(found(&named), Ok(vec![67]));
        let field = COUNT.replace(":resname n", ":resname :relid");
        assert_eq!(found(&field), Ok(vec![67]), "it has no number, and the next word is a field");
    }

    #[test]
    fn a_tree_that_is_none_is_refused() {
        for text in ["", "<>", "({QUERY :commandType 1", "}"] {
            assert_eq!(found(text), Err(Fault::Unreadable), "{text}");
        }
    }
}
