"""The schemas of the contract, by its names: what is sent (`Sent`) and what is answered (`Told`). No rules beyond shape."""
