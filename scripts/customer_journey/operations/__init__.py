"""Operations: what whoever runs builds on a schedule reads and needs: summaries, alarms, history, cleaning."""
