/**
 * Where special tokens stand round a text or a pair: the post-processors of `tokenizer.json`.
 *
 *     BERT, ALBERT   [CLS] A [SEP] B [SEP]        types 0 0 0 1 1
 *     RoBERTa        <s> A </s> </s> B </s>       types 0 throughout
 *
 * As in Hugging Face's `tokenizers` 0.23: TemplateProcessing, BertProcessing, RobertaProcessing, and sequences of one of
 * them with ByteLevel, whose part is the offsets: white space at the edges of a token is left out of them.
 */
import type { JsonEntry } from "./json-entry.ts";

/** A special token, or the whole of a text. */
export type TemplatePiece =
  | { readonly kind: "special"; readonly ids: readonly number[]; readonly typeId: number }
  | { readonly kind: "text"; readonly text: 0 | 1; readonly typeId: number };

export interface Template {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
  /** Whether white space at the edges of a token is left out of its offsets. */
  readonly trimOffsets: boolean;
  /** For trimming: whether a first space may have been added. */
  readonly addPrefixSpace: boolean;
}

/** The post-processor in an entry of `tokenizer.json`. Throws ERR_TOKENIZER_JSON for a kind that is not known here. */
export function readTemplate(entry: JsonEntry): Template {
  const type = entry.get("type");
  switch (type.value) {
    case "TemplateProcessing":
      return {
        single: readPieces(entry.get("single"), entry.get("special_tokens")),
        pair: readPieces(entry.get("pair"), entry.get("special_tokens")),
        trimOffsets: false,
        addPrefixSpace: false,
      };
    case "BertProcessing": {
      const [cls, sep] = [readSpecial(entry.get("cls")), readSpecial(entry.get("sep"))];
      return {
        single: [special(cls), text(0), special(sep)],
        pair: [special(cls), text(0), special(sep), text(1, 1), special(sep, 1)],
        trimOffsets: false,
        addPrefixSpace: false,
      };
    }
    case "RobertaProcessing": {
      const [cls, sep] = [readSpecial(entry.get("cls")), readSpecial(entry.get("sep"))];
      return {
        single: [special(cls), text(0), special(sep)],
        pair: [special(cls), text(0), special(sep), special(sep), text(1), special(sep)],
        trimOffsets: entry.get("trim_offsets").boolean(true),
        addPrefixSpace: entry.get("add_prefix_space").boolean(true),
      };
    }
    case "Sequence":
      return readSequence(entry.get("processors"));
    default:
      throw type.refusal("a post-processor that is known here");
  }
}

/** ByteLevel, which trims offsets, and one processor that adds special tokens. */
function readSequence(processors: JsonEntry): Template {
  const all = processors.elements();
  const byteLevel = all.find((one) => one.get("type").value === "ByteLevel");
  const others = all.filter((one) => one !== byteLevel);
  if (others.length !== 1) throw processors.refusal("one processor, perhaps with ByteLevel before it");
  const template = readTemplate(others[0]);
  if (byteLevel === undefined || !byteLevel.get("trim_offsets").boolean(true)) return template;
  return { ...template, trimOffsets: true, addPrefixSpace: byteLevel.get("add_prefix_space").boolean(true) };
}

function readPieces(template: JsonEntry, specials: JsonEntry): TemplatePiece[] {
  return template.elements().map((element) => {
    const [[kind]] = element.entries();
    const piece = element.get(kind);
    const typeId = piece.get("type_id").count();
    const id = piece.get("id");
    if (kind === "Sequence") {
      id.mustBe("A", "B");
      return text(id.value === "A" ? 0 : 1, typeId);
    }
    const ids = specials.get(id.string()).get("ids").elements();
    return { kind: "special", ids: ids.map((one) => one.count()), typeId };
  });
}

/** The id in a `["</s>", 2]`. */
function readSpecial(entry: JsonEntry): number {
  const [, id] = entry.elements();
  if (id === undefined) throw entry.refusal("a token and its id");
  return id.count();
}

function special(id: number, typeId = 0): TemplatePiece {
  return { kind: "special", ids: [id], typeId };
}

function text(which: 0 | 1, typeId = 0): TemplatePiece {
  return { kind: "text", text: which, typeId };
}
