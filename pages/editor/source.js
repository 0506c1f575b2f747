// The editor of the SQL page, as a Streamlit component: text in, text and Ctrl-Enter out. pages/elements/sql_editor.py says what `data` holds.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete"
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands"
import { SQLDialect, sql } from "@codemirror/lang-sql"
import { HighlightStyle, bracketMatching, syntaxHighlighting, syntaxTree } from "@codemirror/language"
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state"
import { Decoration, EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view"
import { tags } from "@lezer/highlight"

const PAUSE = 400
// What reads: keywords and types beyond these are coloured as names, which harms nobody.
const KEYWORDS = "all and anti any array as asc asof between by case cast collate columns cross cube describe desc distinct else end escape except exclude exists explain extract false filter first following for from full glob group grouping having ilike in inner intersect interval is isnull join lambda last lateral left like limit map materialized natural not notnull null nulls offset on or order outer over partition pivot positional preceding qualify range recursive replace respect right rollup row rows sample select semi sets show similar struct summarize table tablesample then ties to true try_cast unbounded union unpivot unnest using values when where window with within"
const TYPES = "bigint blob boolean date decimal double float hugeint integer real smallint text time timestamp timestamptz tinyint uuid varchar"
const duckdb = SQLDialect.define({ keywords: KEYWORDS, types: TYPES, specialVar: "$?", operatorChars: "+-*/<>=~!@%^&|:" })

// Colours are the theme's, so the editor follows light and dark by itself.
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--st-link-color)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string), tags.number, tags.bool, tags.null], color: "var(--st-orange-text-color)" },
  { tag: tags.special(tags.name), color: "var(--st-text-color)", fontWeight: "600" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--st-gray-text-color)", fontStyle: "italic" },
])
const look = EditorView.theme({
  "&": { border: "1px solid var(--st-border-color)", borderRadius: "var(--st-base-radius)", backgroundColor: "var(--st-background-color)", color: "var(--st-text-color)", fontSize: "14px" },
  "&.cm-focused": { outline: "2px solid var(--st-primary-color)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--st-code-font)", lineHeight: "1.5", minHeight: "148px", maxHeight: "420px", overflow: "auto" },
  ".cm-content": { caretColor: "var(--st-text-color)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--st-text-color)" },
  ".cm-gutters": { backgroundColor: "var(--st-secondary-background-color)", color: "var(--st-gray-text-color)", border: "none" },
  ".cm-placeholder": { color: "var(--st-gray-text-color)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--st-primary-color) 25%, transparent)" },
  ".cm-fault": { backgroundColor: "color-mix(in srgb, var(--st-red-color) 14%, transparent)" },
  ".cm-tooltip": { border: "1px solid var(--st-border-color)", backgroundColor: "var(--st-background-color)", color: "var(--st-text-color)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--st-code-font)", fontSize: "13px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--st-primary-color)", color: "var(--st-background-color)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: 0.8 },
})

// The line that an error names, until it is edited.
const faulty = StateEffect.define()
const fault = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) if (effect.is(faulty)) return effect.value === null ? Decoration.none : Decoration.set([Decoration.line({ class: "cm-fault" }).range(effect.value)])
    return transaction.docChanged ? Decoration.none : marks
  },
  provide: field => EditorView.decorations.from(field),
})

// Macros, and the columns of the tables that the text names: those first.
function names(columns, macros) {
  const calls = macros.map(({ name, call }) => ({ label: name, detail: call.slice(name.length), type: "function", apply: name + "(" }))
  return context => {
    const word = context.matchBefore(/\w+/)
    if ((!word && !context.explicit) || /String|Comment/.test(syntaxTree(context.state).resolveInner(context.pos, -1).name)) return null
    if (context.matchBefore(/[.$]\w*/)) return null
    const text = context.state.doc.toString()
    const named = Object.keys(columns).filter(table => new RegExp(`\\b${table}\\b`, "i").test(text))
    const proposed = named.flatMap(table => columns[table].map(label => ({ label, detail: table, type: "property", boost: 20 })))
    return { from: word ? word.from : context.pos, options: [...proposed, ...calls], validFor: /^\w*$/ }
  }
}

function language({ columns, macros }) {
  return [sql({ dialect: duckdb, schema: columns }), duckdb.language.data.of({ autocomplete: names(columns, macros) })]
}

const editors = new WeakMap()

function created(parent, data) {
  const held = { sent: data.text, text: data.text_no, insert: data.insert_no, fault: data.fault_no, known: "", language: new Compartment() }
  const say = () => {
    clearTimeout(held.timer)
    const text = held.view.state.doc.toString()
    if (text !== held.sent) held.component.setStateValue("text", (held.sent = text))
  }
  const run = () => {
    clearTimeout(held.timer)
    held.sent = held.view.state.doc.toString()
    held.component.setTriggerValue("run", held.sent)
    return true
  }
  const extensions = [
    lineNumbers(), highlightSpecialChars(), history(), drawSelection(), bracketMatching(), closeBrackets(), EditorView.lineWrapping,
    autocompletion({ icons: false }), placeholder(data.placeholder), syntaxHighlighting(colours), look, fault,
    held.language.of([]),
    EditorView.contentAttributes.of({ "aria-label": data.label, spellcheck: "false", autocapitalize: "off" }),
    // Tab takes a proposal and otherwise moves on: nobody is held in the editor.
    keymap.of([{ key: "Mod-Enter", run }, { key: "Ctrl-Enter", run }, { key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.domEventHandlers({ blur: () => { say() } }),
    EditorView.updateListener.of(update => {
      if (!update.docChanged) return
      clearTimeout(held.timer)
      held.timer = setTimeout(say, PAUSE)
    }),
  ]
  held.view = new EditorView({ state: EditorState.create({ doc: data.text, extensions }), parent: parent.querySelector(".sql-editor"), root: parent })
  // Streamlit has shortcuts on single letters, and cannot see through the shadow root that these are typed into a text.
  for (const event of ["keydown", "keypress", "keyup"]) held.view.dom.addEventListener(event, key => key.stopPropagation())
  return held
}

function followed(held, data) {
  const { view } = held
  const known = JSON.stringify([data.columns, data.macros])
  if (known !== held.known) {
    held.known = known
    view.dispatch({ effects: held.language.reconfigure(language(data)) })
  }
  if (data.text_no !== held.text) {
    held.text = data.text_no
    held.sent = data.text
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: data.text }, selection: { anchor: 0 } })
    clearTimeout(held.timer)
    view.focus()
  }
  if (data.insert_no !== held.insert) {
    held.insert = data.insert_no
    view.dispatch(view.state.replaceSelection(data.insert))
    view.focus()
  }
  if (data.fault_no !== held.fault) {
    held.fault = data.fault_no
    marked(view, data.line, data.column)
  }
}

function marked(view, line, column) {
  if (!line || line > view.state.doc.lines) return view.dispatch({ effects: faulty.of(null) })
  const { from, length } = view.state.doc.line(line)
  const place = from + Math.min(Math.max((column ?? 1) - 1, 0), length)
  view.dispatch({ effects: faulty.of(from), selection: { anchor: place }, scrollIntoView: true })
  view.focus()
}

export default function (component) {
  const { data, parentElement } = component
  if (!editors.has(parentElement)) editors.set(parentElement, created(parentElement, data))
  const held = editors.get(parentElement)
  held.component = component
  followed(held, data)
  return () => {
    clearTimeout(held.timer)
    held.view.destroy()
    editors.delete(parentElement)
  }
}
