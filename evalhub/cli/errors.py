"""How a command ends when it cannot do what was asked: one sentence on stderr and an exit code. All of the command raises these."""

OK = 0
FAILED = 1
WRONG_USE = 2


class CommandError(Exception):
    """The sentence a person reads instead of a traceback. FAILED is work that went wrong, WRONG_USE what cannot be asked like that."""

    def __init__(self, sentence: str, code: int = WRONG_USE) -> None:
        super().__init__(sentence)
        self.code = code
