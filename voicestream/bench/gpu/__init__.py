"""The table of ``voicestream bench --gpu``: our neural engines beside what their libraries do by themselves."""
