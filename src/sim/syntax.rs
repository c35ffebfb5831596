//! The grammar of `$filter`: text to a tree of tests.

use super::wire::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Null,
    Truth(bool),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    Compare(String, Operator, Literal),
    In(String, Vec<Literal>),
    Starts(String, String),
    Ends(String, String),
    Any(String, Box<Test>),
}

/// Reads a whole filter.
pub(super) fn parsed(text: &str) -> Result<Test, Refusal> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        variable: None,
    };
    let tree = parser.either()?;
    if parser.at < parser.tokens.len() {
        return Err(invalid(text));
    }
    Ok(tree)
}

/// A filter that cannot be read.
pub(super) fn invalid(text: &str) -> Refusal {
    Refusal::new(400, "BadRequest", format!("Invalid filter clause: {text}"))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            ':' => tokens.push(Token::Colon),
            '\'' => {
                let mut value = String::new();
                loop {
                    match letters.next() {
                        Some('\'') if letters.peek() == Some(&'\'') => {
                            letters.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(letter) => value.push(letter),
                        None => return Err(invalid(text)),
                    }
                }
                tokens.push(Token::Text(value));
            }
            letter => {
                let mut word = String::from(letter);
                while let Some(next) = letters
                    .next_if(|next| !matches!(next, ' ' | '\t' | '(' | ')' | ',' | ':' | '\''))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    variable: Option<String>,
}

impl Parser {
    fn either(&mut self) -> Result<Test, Refusal> {
        let mut left = self.both()?;
        while self.eat_word("or") {
            left = Test::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Test, Refusal> {
        let mut left = self.single()?;
        while self.eat_word("and") {
            left = Test::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Test, Refusal> {
        if self.eat_word("not") {
            return Ok(Test::Not(Box::new(self.single()?)));
        }
        if self.eat(&Token::Open) {
            let inner = self.either()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let word = self.word()?;
        match word.to_ascii_lowercase().as_str() {
            "startswith" => self.call().map(|(path, text)| Test::Starts(path, text)),
            "endswith" => self.call().map(|(path, text)| Test::Ends(path, text)),
            lower if lower.ends_with("/any") => self.any(&word[..word.len() - "/any".len()]),
            _ => self.comparison(&word),
        }
    }

    fn call(&mut self) -> Result<(String, String), Refusal> {
        self.expect(&Token::Open)?;
        let word = self.word()?;
        let path = self.path(&word);
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else {
            return Err(self.broken());
        };
        self.expect(&Token::Close)?;
        Ok((path, text))
    }

    fn any(&mut self, collection: &str) -> Result<Test, Refusal> {
        self.expect(&Token::Open)?;
        let variable = self.word()?;
        self.expect(&Token::Colon)?;
        let outer = self.variable.replace(variable);
        let inner = self.either()?;
        self.variable = outer;
        self.expect(&Token::Close)?;
        Ok(Test::Any(collection.to_owned(), Box::new(inner)))
    }

    fn comparison(&mut self, word: &str) -> Result<Test, Refusal> {
        let path = self.path(word);
        let operator = self.word()?;
        match operator.to_ascii_lowercase().as_str() {
            "eq" => Ok(Test::Compare(path, Operator::Eq, self.literal()?)),
            "ne" => Ok(Test::Compare(path, Operator::Ne, self.literal()?)),
            "in" => {
                self.expect(&Token::Open)?;
                let mut literals = vec![self.literal()?];
                while self.eat(&Token::Comma) {
                    literals.push(self.literal()?);
                }
                self.expect(&Token::Close)?;
                Ok(Test::In(path, literals))
            }
            other => Err(Refusal::unsupported(format!(
                "Unsupported operator '{other}' in the filter clause."
            ))),
        }
    }

    fn path(&self, word: &str) -> String {
        match &self.variable {
            Some(variable) if word == variable => String::new(),
            Some(variable) => word
                .strip_prefix(&format!("{variable}/"))
                .unwrap_or(word)
                .to_owned(),
            None => word.to_owned(),
        }
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => Ok(match word.as_str() {
                "true" => Literal::Truth(true),
                "false" => Literal::Truth(false),
                "null" => Literal::Null,
                _ => Literal::Text(word),
            }),
            _ => Err(self.broken()),
        }
    }

    fn word(&mut self) -> Result<String, Refusal> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(self.broken()),
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn eat(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(token);
        if found {
            self.at += 1;
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), Refusal> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.broken())
        }
    }

    fn broken(&self) -> Refusal {
        Refusal::new(
            400,
            "BadRequest",
            format!(
                "Invalid filter clause: unexpected end or token at {}.",
                self.at
            ),
        )
    }
}
