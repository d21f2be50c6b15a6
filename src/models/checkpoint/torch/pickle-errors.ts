/** The two ways in which a pickle of weights is refused: it asks for what is not weights, or it is no pickle. */
import { AttuneError } from "../../../base/errors.ts";

/** Told as `found`: what the pickle asks for. Nothing has been run. */
export function notWeights(found: string, file: string): AttuneError {
  return new AttuneError("ERR_PICKLE_REFUSED", {
    rule: "a PyTorch weight file must hold tensors by name and nothing that runs",
    found: `${found}; nothing of it was run`,
    next: "get the weights as safetensors from a source that you trust; or, if the file is your own, save only its tensors: torch.save(model.state_dict(), FILE)",
    file,
  });
}

export function malformedTorch(
  found: string,
  file: string,
  next = "write or download it again",
): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_FORMAT", {
    rule: "the weight file must be as torch.save writes it",
    found,
    next,
    file,
  });
}
