//! What a module's syntax names: its imports, its items, and every path in it.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use super::tree::{Module, Place, Reference, Written};

/// Turns names as they are written in the module at `place` into a path.
fn written(place: &Place, names: &[String]) -> Written {
    let supers = names.iter().take_while(|name| *name == "super" || *name == "self");
    let (up, skip) = supers.fold((0, 0), |(up, skip), name| (up + usize::from(name == "super"), skip + 1));
    match names.first().map(String::as_str) {
        Some("crate") => Written::Absolute(names[1..].to_vec()),
        Some("super" | "self") => Written::Absolute([&place[..place.len().saturating_sub(up)], &names[skip..]].concat()),
        _ => Written::Relative(names.to_vec()),
    }
}

/// Collects the imports of a module: what each name in it stands for.
pub(super) struct Bindings<'a> {
    place: &'a Place,
    module: &'a mut Module,
    names: Vec<String>,
}

impl<'a> Bindings<'a> {
    pub(super) fn new(place: &'a Place, module: &'a mut Module) -> Self {
        Self { place, module, names: Vec::new() }
    }

    pub(super) fn tree(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                self.names.push(path.ident.to_string());
                self.tree(&path.tree);
                self.names.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree)),
            UseTree::Name(name) if name.ident == "self" => {
                let binding = self.names.last().cloned();
                self.bind(binding, None);
            }
            UseTree::Name(name) => self.bind(Some(name.ident.to_string()), Some(name.ident.to_string())),
            UseTree::Rename(rename) => self.bind(Some(rename.rename.to_string()), Some(rename.ident.to_string())),
            UseTree::Glob(_) => self.module.globs.push(written(self.place, &self.names)),
        }
    }

    fn bind(&mut self, binding: Option<String>, last: Option<String>) {
        let names: Vec<_> = self.names.iter().cloned().chain(last).collect();
        if let Some(binding) = binding {
            self.module.uses.insert(binding, written(self.place, &names));
        }
    }
}

/// Collects every path of several names: in imports, types, expressions, patterns, and in the tokens of macros.
pub(super) struct References<'a> {
    place: &'a Place,
    pub(super) found: Vec<Reference>,
}

impl<'a> References<'a> {
    pub(super) fn new(place: &'a Place) -> Self {
        Self { place, found: Vec::new() }
    }

    fn note(&mut self, names: &[String], line: usize) {
        if names.len() > 1 {
            self.found.push(Reference { written: written(self.place, names), line });
        }
    }

    fn import(&mut self, tree: &UseTree, names: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                names.push(path.ident.to_string());
                self.import(&path.tree, names);
                names.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, names)),
            UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. }) => {
                let last = (ident != "self").then(|| ident.to_string());
                self.note(&names.iter().cloned().chain(last).collect::<Vec<_>>(), ident.span().start().line);
            }
            UseTree::Glob(glob) => self.note(names, glob.star_token.spans[0].start().line),
        }
    }

    /// Macros are tokens to a parser of the language, so paths are found by their shape: `crate::` or `super::`, and names.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut names, mut colons, mut line): (Vec<String>, usize, usize) = (Vec::new(), 0, 0);
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' && !names.is_empty() => colons += 1,
                TokenTree::Ident(ident) if colons == 2 => {
                    names.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.note(&std::mem::take(&mut names), line);
                    colons = 0;
                    match other {
                        TokenTree::Ident(ident) if ident == "crate" || ident == "super" => {
                            line = ident.span().start().line;
                            names.push(ident.to_string());
                        }
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.note(&names, line);
    }
}

impl<'ast> Visit<'ast> for References<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !function.attrs.iter().any(is_test) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.import(&import.tree, &mut Vec::new());
    }

    /// `pub(super)` and `pub(in …)` name who may see an item; that is no arrow.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first().filter(|_| path.leading_colon.is_none()) {
            let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.note(&names, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }
}

/// `#[test]`, and `cfg(test)` alone or with further conditions.
fn is_test(attribute: &Attribute) -> bool {
    let condition = |list: &syn::MetaList| list.tokens.to_string().replace(' ', "");
    let tests = |text: String| text == "test" || text.starts_with("all(test") || text.starts_with("any(test");
    attribute.path().is_ident("test")
        || attribute.path().is_ident("cfg") && attribute.meta.require_list().is_ok_and(|list| tests(condition(list)))
}

pub(super) fn is_for_tests(item: &Item) -> bool {
    let attributes = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(is_test)
}

/// What an item is called in its module; implementations have no name.
pub(super) fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
